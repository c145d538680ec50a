"""What brokers and operators read of the venue; installed with it, as the QuickFIX lane reads the dictionary here."""

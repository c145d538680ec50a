"""What is wrong with settings."""


class SettingsError(Exception):
    """The settings cannot be used."""

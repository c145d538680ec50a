"""The venue's staff: who they are, what they may do, what they have done, and what needs a second one of them."""

"""Repeating groups of a message that was found right: the fields outside of a group, and those of each entry."""

from fixgw.codec import Message

Fields = dict[str, str]
"""Tag → value, in order; of a tag that comes more than once, the first."""


def split_group(message: Message, count_tag: str, entry_tags: frozenset[str]) -> tuple[Fields, list[Fields]]:
    """Return the fields outside of the group that `count_tag` counts (the count among them), and those of each entry.

    `entry_tags` are all that may stand in an entry, the fields of groups within it included; what follows the count
    first begins each entry.
    """
    outside: Fields = {}
    entries: list[Fields] = []
    first_tag = ""
    is_within = False
    for tag, value in message.pairs():
        if is_within and tag in entry_tags:
            first_tag = first_tag or tag
            if tag == first_tag:
                entries.append({})
            entries[-1].setdefault(tag, value)
        else:
            outside.setdefault(tag, value)
            is_within = tag == count_tag
    return outside, entries

"""All kinds of proposals that need a second person: importing this registers them. An owner is listed here."""

__all__: list[str] = []

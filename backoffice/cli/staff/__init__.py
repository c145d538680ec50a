"""`fondaco staff`: who works in the back office, and what they may do."""

import typer

from backoffice.cli.staff import beginning, changing, credentials, keys, shown

app = typer.Typer(
    help="Who works in the back office, and what they may do. One proposes, and another one approves.",
    no_args_is_help=True,
)
app.command("init")(beginning.init)
app.command("add")(changing.add)
app.command("list")(shown.list_staff)
app.command("show")(shown.show)
app.command("roles")(changing.roles)
app.command("disable")(changing.disable)
app.command("enable")(changing.enable)
app.command("password")(credentials.password)
app.command("code")(changing.code)
app.command("keys")(keys.keys)
app.command("rotate-key")(keys.rotate_key)
app.command("retire-key")(keys.retire_key)

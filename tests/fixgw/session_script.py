"""Session tests as scripts, one line for each thing that is said.

    -> A 34=1|98=0|108=30      the client sends a message; CompIDs, SendingTime and the next number are put in unless
                               given, `!52` leaves a field out, `""` is no MsgType; what a version's Logon needs on top
                               is put in too, and not shown when the venue says it
    <- A 98=0|108=30           the venue answers with exactly this body
    app                        what came is handed to the application
    reject 373=5|371=54        what came is handed over to be rejected for this flaw
    resend 1 0                 the venue is to send these numbers again
    30s                        so much time passes, in one tick
    venue closes               the venue ends the session, for this reason
    is ACTIVE next 3           where the session stands

OWN_BEGIN_STRING in a line stands for the session's own.

Whatever the session does must be in the script, in this order: answers, resends, what the application gets.
"""

from fixgw.codec import SOH, Framer, Message, encode
from fixgw.session import SECOND_NS, Session, SessionState
from fixgw.timestamps import format_utc
from fixgw.version import FIX44

NOW_NS = 1_795_000_000 * SECOND_NS
VENUE, CLIENT = "FONDACO", "BROKER1"
ORDER = "11=A1|21=1|55=BTC/USD|54=1|60=20261118-10:00:00|38=1|40=2|44=100"
LOGON = "98=0|108=30"
LOGGED_ON = """
    -> A
    <- A 98=0|108=30
"""


def at(offset_s: float) -> str:
    """Return a time so far from the scripts' beginning."""
    return format_utc(NOW_NS + int(offset_s * SECOND_NS))


class Script:
    """A session, and what has been said on it so far."""

    version = FIX44

    def __init__(self, next_in: int = 1, next_out: int = 1) -> None:
        self.session = Session(VENUE, CLIENT, next_in, self.version)
        self.next_out = next_out
        self.now_ns = NOW_NS
        self.number = next_in - 1
        self.happened: list[str] = []

    def run(self, text: str) -> "Script":
        for line in filter(None, map(str.strip, text.splitlines())):
            self._check(line.replace("OWN_BEGIN_STRING", self.version.begin_string))
        assert self.happened == [], "the script says nothing of this"
        return self

    def message(self, msg_type: str, fields: str = "") -> Message:
        """Return the message that `-> MsgType fields` stands for."""
        given = [piece for piece in fields.split("|") if piece]
        tags = {piece.partition("=")[0] for piece in given}
        begin_string = self.version.begin_string
        given += [self._on_top] if msg_type == "A" and self._on_top and "1137" not in tags else []
        header = {"49": CLIENT, "56": VENUE, "34": str(self.number + 1), "52": format_utc(self.now_ns)}
        for piece in given:
            tag, _, value = piece.partition("=")
            if tag == "8":
                begin_string = value
            elif tag == "34" and value.isdecimal():
                self.number = int(value) - 1
            if tag in header:
                header[tag] = value
        for tag in tags:
            if tag.startswith("!"):
                del header[tag[1:]]
        self.number += 1
        body = "".join(f"{tag}={value}|" for tag, value in header.items())
        body += "".join(f"{p}|" for p in given if p.partition("=")[0] not in header.keys() | {"8"} and p[0] != "!")
        (message,) = Framer().receive(encode(f"35={msg_type}|{body}".replace("|", SOH), begin_string))
        return message

    @property
    def _on_top(self) -> str:
        """The field that a Logon needs where the application has a version of its own."""
        return f"1137={self.version.appl_ver_id}" if self.version.appl_ver_id else ""

    def say(self, line: str) -> None:
        """Let one thing happen, and note what comes of it in `happened`."""
        word, _, rest = line.partition(" ")
        if word == "->":
            msg_type, _, fields = rest.partition(" ")
            msg_type = msg_type.replace('""', "")
            self._send(msg_type, fields or {"D": ORDER, "A": LOGON}.get(msg_type, ""))
        elif word == "venue":
            self.session.log_out(rest)
            self._note()
        else:
            self.now_ns += int(float(word.removesuffix("s")) * SECOND_NS)
            self.session.tick(self.now_ns)
            self._note()

    def _check(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "is":
            state, _, number = rest.split(" ")
            assert (self.session.state.name, self.session.next_in) == (state, int(number))
        elif word in {"<-", "app", "reject", "resend"}:
            assert self.happened, f"nothing happened, and it should have been {line}"
            assert self.happened.pop(0) == line
        else:
            assert self.happened == [], "the script says nothing of this"
            self.say(line)

    def _send(self, msg_type: str, fields: str) -> None:
        message = self.message(msg_type, fields)
        session = self.session
        if session.state is SessionState.AWAITING_LOGON and msg_type == "A":
            problem = session.check_logon(message, self.now_ns)
            if not problem:
                if message.fields.get("141") == "Y":
                    session.next_in = self.next_out = 1
                problem = session.begin(message, self.now_ns, self.next_out)
            if problem:
                session.refuse(problem)
            self._note()
            return
        session.sent_through = self.next_out - 1
        if session.accept(message, self.now_ns):
            self._note()
            flaw = session.flaw
            ref_tag = f"|371={flaw.ref_tag}" if flaw is not None and flaw.ref_tag else ""
            self.happened.append("app" if flaw is None else f"reject 373={flaw.reason:d}{ref_tag}")
        else:
            self._note()

    def _note(self) -> None:
        for msg_type, body in self.session.answers:
            text = body.replace(f"{self._on_top}{SOH}", "") if self._on_top else body
            self.happened.append(f"<- {msg_type} {text.replace(SOH, '|').rstrip('|')}".strip())
            self.next_out += 1
        self.happened += [f"resend {begin} {end}" for begin, end in self.session.resend_requests]
        if self.session.answers:
            self.session.last_sent_ns = self.now_ns
        self.session.answers.clear()
        self.session.resend_requests.clear()

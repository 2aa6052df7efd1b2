"""A mail host that takes everything, in a thread of the test."""

import socketserver
import threading
from email import message_from_bytes
from email.policy import default


class MailSession(socketserver.StreamRequestHandler):
    """One client: says yes to everything, and keeps what comes after DATA."""

    def handle(self):
        self.say("220 mailbox")
        for line in self.rfile:
            word = line.strip().upper()
            if word == b"DATA":
                self.say("354 go on")
                self.server.letters.append(self.letter())
            self.say("221 bye" if word == b"QUIT" else "250 yes")
            if word == b"QUIT":
                return

    def say(self, words):
        self.wfile.write(words.encode() + b"\r\n")

    def letter(self):
        lines = iter(self.rfile.readline, b".\r\n")
        return message_from_bytes(b"".join(lines), policy=default)


class MailBox(socketserver.ThreadingTCPServer):
    """Listens on a free ``port``; ``letters`` are the mails that came, parsed. It is closed after the test ``case``."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, case):
        super().__init__(("127.0.0.1", 0), MailSession)
        self.letters = []
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        case.addCleanup(self.server_close)
        case.addCleanup(self.shutdown)

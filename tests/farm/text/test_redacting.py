"""Credentials leave a text, and nothing else does."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.text.redacting import one_line, without_credentials


class RedactingTests(SynchronousTestCase):
    def test_urls_lose_their_credentials(self):
        for text, bare in (
            ("deb http://me:secret@host/ubuntu hoary", "deb http://host/ubuntu hoary"),
            ("<https://me@host:1/a>", "<https://host:1/a>"),
            ("ftp://a:b@one/ and ftp://c:d@two/", "ftp://one/ and ftp://two/"),
            ("http://me:se@cret@host/", "http://host/"),
            ("-d :pserver:me:secret@host:/cvs module", "-d :pserver:host:/cvs module"),
            ("Cc: me@host, see http://host/@me", "Cc: me@host, see http://host/@me"),
            ("", ""),
        ):
            self.assertEqual(bare, without_credentials(text))

    @given(st.text(), st.from_regex(r"[a-z0-9:]{1,20}", fullmatch=True))
    def test_no_password_survives(self, around, password):
        text = without_credentials(f"{around} http://u:PW{password}@host/{around}")
        self.assertNotIn(f"PW{password}@", text)

    @given(st.text(alphabet=st.characters(exclude_characters="@")))
    def test_a_text_without_credentials_stays(self, text):
        self.assertEqual(text, without_credentials(text))

    def test_a_strangers_words_become_one_line(self):
        self.assertEqual("a b http://host/ ?[31m", one_line("a\r\n  b http://me:pw@host/ \x1b[31m"))
        self.assertEqual("xx", one_line("x" * 1_000_000, 2))
        self.assertEqual("x" * 255, one_line("x" * 1_000_000))

    @given(st.text(), st.integers(1, 50))
    def test_any_words_become_one_short_printable_line(self, text, longest):
        line = one_line(text, longest)
        self.assertTrue(line.isprintable())
        self.assertLessEqual(len(line), longest)

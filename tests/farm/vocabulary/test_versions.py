"""Versions compare as dpkg compares them."""

from debian.debian_support import NativeVersion
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.versions import is_version, version_key, without_epoch

WORDS = st.text(st.sampled_from("019a.+~"), max_size=6)
VERSIONS = st.builds(
    lambda epoch, first, upstream, revision: f"{epoch}{first}{upstream}{revision}",
    st.sampled_from(["", "0:", "1:"]),
    st.sampled_from("019ab"),
    WORDS,
    st.one_of(st.just(""), WORDS.filter(bool).map(lambda word: f"-{word}")),
)
GOOD = ("1", "1.0-1", "1:1.0-1ubuntu2", "0.1~rc1", "2:1:0-1", "1-2-3", "1.0+dfsg~1-0.1+b2")
BAD = ("", "a1", "1.0-", ":1", "1.0_1", "1.0 1", "-1", "1:", "x:1", "1.0/2", "1\n", "1:2:a-b_c", "a:1:2", "1" * 256)


def can(read, text):
    """Tell whether the text can be read so."""
    try:
        read(text)
    except ValueError:
        return False
    return True


class VersionTests(SynchronousTestCase):
    def test_which_texts_are_versions(self):
        self.assertEqual(
            {**dict.fromkeys(GOOD, True), **dict.fromkeys(BAD, False)}, {v: is_version(v) for v in GOOD + BAD}
        )

    def test_a_colon_needs_an_epoch(self):
        self.assertEqual((True, False), (is_version("0:1:2"), is_version("1.0:2")))

    def test_no_key_for_what_is_no_version(self):
        for text in ("", "1 2", "1_2", ":1", "\N{ARABIC-INDIC DIGIT ONE}:1"):
            self.assertRaises(ValueError, version_key, text)

    def test_a_file_name_has_no_epoch(self):
        self.assertEqual(("1.0-1", "1.0-1"), (without_epoch("2:1.0-1"), without_epoch("1.0-1")))

    @given(VERSIONS, VERSIONS)
    def test_versions_compare_as_dpkg_compares_them(self, one, other):
        native = NativeVersion(one)._compare(NativeVersion(other))
        ours = (version_key(one) > version_key(other)) - (version_key(one) < version_key(other))
        self.assertEqual(max(-1, min(1, native)), ours)

    @given(st.text(max_size=30))
    def test_any_text_is_told_apart(self, text):
        if is_version(text):
            version_key(text)

    @given(st.text(st.sampled_from("01:-a.~+ _"), max_size=8))
    def test_what_can_be_compared_is_what_dpkg_compares(self, text):
        self.assertEqual(can(NativeVersion, text), can(version_key, text))

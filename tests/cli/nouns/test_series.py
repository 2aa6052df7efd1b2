"""Series are added and changed, and what is wrong with one is told in words."""

from tests.support.places import PlaceCase

REFUSED = {
    "series add ubuntu/hoary": "the series ubuntu/hoary is there already: `buildmaster series set` changes it",
    "series add ubuntu/hoary-updates": "'hoary-updates' can't be the name of a series: it ends like a pocket's suite",
    "series add ubunto/warty": (
        "there is no distribution ubunto (did you mean ubuntu?); `buildmaster distribution add ubunto` adds it"
    ),
    "series set ubuntu/horay": (
        "there is no series horay in ubuntu (did you mean hoary?); `buildmaster series add ubuntu/horay` adds it"
    ),
    "series set ubuntu/hoary --nominated-arch-indep hppa": (
        "there is no architecture hppa in ubuntu/hoary (known: amd64, i386); "
        "`buildmaster arch add ubuntu/hoary/hppa --processor NAME` adds it"
    ),
    "series set hoary": "'hoary' names no series: write it like ubuntu/hoary",
}


class SeriesTests(PlaceCase):
    def test_what_is_wrong_is_refused_with_what_to_do(self):
        self.assert_refused(REFUSED)

    def test_series_set_changes_what_is_given_and_has_its_sources_looked_at_again(self):
        self.publish("ubuntu")
        self.farm.run("series", "set", "ubuntu/hoary", "--status", "current", "--nominated-arch-indep", "amd64")
        (row,) = self.farm.json("series", "list")
        self.assertEqual(
            ("CURRENT", "amd64", "5.04", "Hoary"),
            (row["status"], row["nominated_arch_indep"], row["version"], row["title"]),
        )
        self.assertFalse(self.examined())

    def test_wrong_words_for_an_enumeration_are_wrong_usage(self):
        self.assertEqual(2, self.farm.result("series", "set", "ubuntu/hoary", "--status", "OLD").exit_code)

"""What is frozen is listed until it is thawed."""

from tests.support.places import PlaceCase

REFUSED = {
    "thaw": "everything is not frozen (frozen: nothing is)",
}


class FreezingTests(PlaceCase):
    def test_what_is_wrong_is_refused_with_what_to_do(self):
        self.assert_refused(REFUSED)

    def test_freezes_are_listed_until_thawed(self):
        self.farm.run("freeze", "--reason", "release day")
        self.farm.run("freeze", "--archive", "ubuntu", "--processor", "x86")
        self.farm.run("freeze", "--archive", "ubuntu", "--processor", "x86", "--reason", "again")
        found = [(row["archive"], row["processor"], row["reason"]) for row in self.farm.json("freezes")]
        self.assertEqual([(None, None, "release day"), ("ubuntu", "x86", "again")], found)
        self.assertEqual(
            "ubuntu is not frozen (frozen: everything, ubuntu on x86)", self.farm.refused("thaw", "--archive", "ubuntu")
        )
        self.farm.run("thaw")
        self.farm.run("thaw", "--archive", "ubuntu", "--processor", "x86")
        self.assertEqual([], self.farm.json("freezes"))

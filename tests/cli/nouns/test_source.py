"""Publications of sources are listed, deleted and copied by the command."""

from tests.support.uploadcase import TO, UploadCase


class SourceTests(UploadCase):
    def setUp(self):
        super().setUp()
        self.farm.run("upload", self.source(), *TO)

    def states(self):
        return {(row["archive"], row["suite"], row["status"]) for row in self.farm.json("source", "list")}

    def test_a_source_can_be_deleted_once(self):
        self.assertEqual("Removed fieldnotes 2.0 from ubuntu, hoary.\n", self.farm.run("source", "delete", 1))
        self.assertEqual({("ubuntu", "hoary", "DELETED")}, self.states())
        self.assertIn("DELETED already", self.farm.refused("source", "delete", 1))

    def test_a_source_can_be_copied_to_another_archive(self):
        told = self.farm.run("source", "copy", 1, "--to", "~cprov/ubuntu/ppa")
        self.assertEqual("Copied fieldnotes 2.0 to ~cprov/ubuntu/ppa, hoary (publication 2).\n", told)

    def test_and_to_another_suite(self):
        self.farm.run("source", "copy", 1, "--to", "ubuntu", "--suite", "warty")
        self.assertEqual({("ubuntu", "hoary", "PENDING"), ("ubuntu", "warty", "PENDING")}, self.states())

    def test_but_not_over_itself(self):
        self.assertIn("not newer", self.farm.refused("source", "copy", 1, "--to", "ubuntu"))

    def test_what_is_private_stays_so(self):
        self.farm.run("source", "copy", 1, "--to", "~secret/ubuntu/ppa")
        self.assertIn("private", self.farm.refused("source", "copy", 2, "--to", "~cprov/ubuntu/ppa"))

    def test_a_publication_that_is_not_there_is_named(self):
        self.assertIn("source list", self.farm.refused("source", "delete", 9))

    def test_the_list_is_of_one_archive_if_asked(self):
        self.assertEqual([], self.farm.json("source", "list", "--archive", "~cprov/ubuntu/ppa"))

    def test_a_table_for_people(self):
        self.assertIn("fieldnotes  2.0", self.farm.run("source", "list"))

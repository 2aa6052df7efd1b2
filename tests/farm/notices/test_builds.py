"""Who is told of a build that failed, and in which words."""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.notices.builds import TOLD, BuildNews, NoticePolicy, body, headers, recipients, subject
from buildmaster.farm.vocabulary.archives import Purpose
from buildmaster.farm.vocabulary.states import BuildState

NEWS = BuildNews(
    id=8,
    title="i386 build of pmount 0.1-1 in ubuntu hoary RELEASE",
    state=BuildState.FAILEDTOBUILD,
    source="pmount",
    version="0.1-1",
    architecture="i386",
    archive="ubuntu",
    purpose=Purpose.PRIMARY,
    component="main",
    builder="bob",
    duration=90.0,
    log_url="http://farm/files/7/log",
    failure="the package failed to build",
    creator="uploader@example.com",
)
ADMIN = "admin@example.com"
POLICY = NoticePolicy(administrators=(ADMIN,))
UPLOADER = NEWS.creator


class RecipientTests(SynchronousTestCase):
    def test_the_table(self):
        for facts, policy, told in (
            ({}, {}, (UPLOADER, ADMIN)),
            ({"copied": True}, {}, (ADMIN,)),
            ({"creator": None}, {}, (ADMIN,)),
            ({"creator": ADMIN}, {}, (ADMIN,)),
            ({"imported": True}, {}, ()),
            ({"purpose": Purpose.PPA}, {}, (UPLOADER,)),
            ({}, {"notify_owner": False}, (ADMIN,)),
            ({}, {"enabled": False}, ()),
        ):
            self.assertEqual(told, recipients(replace(NEWS, **facts), replace(POLICY, **policy)), (facts, policy))

    def test_people_are_told_of_what_they_can_mend(self):
        told = {state for state in BuildState if recipients(replace(NEWS, state=state), POLICY)}
        self.assertEqual({BuildState.FAILEDTOBUILD, BuildState.CHROOTWAIT, BuildState.FAILEDTOUPLOAD}, told)
        self.assertEqual(TOLD, told)


class TextTests(SynchronousTestCase):
    def test_the_subject_names_the_build(self):
        self.assertEqual(f"[Build #8] {NEWS.title}", subject(NEWS))
        ppa = replace(NEWS, purpose=Purpose.PPA, owner="cprov")
        self.assertEqual(f"[Build #8] {NEWS.title} (cprov PPA)", subject(ppa))

    def test_the_headers_sort_the_mail(self):
        expected = {
            "X-Buildmaster-Build-State": "FAILEDTOBUILD",
            "X-Buildmaster-Build-Component": "main",
            "X-Buildmaster-Build-Arch": "i386",
            "X-Creator-Recipient": UPLOADER,
        }
        self.assertEqual(expected, headers(NEWS))
        ppa = replace(NEWS, purpose=Purpose.PPA, owner="cprov", creator=None)
        self.assertEqual("cprov", headers(ppa)["X-Buildmaster-PPA"])
        self.assertEqual("", headers(replace(ppa, owner=None))["X-Buildmaster-PPA"])
        self.assertNotIn("X-Creator-Recipient", headers(ppa))

    def test_the_text_tells_what_failed_why_and_what_to_do(self):
        text = body(NEWS)
        for words in (
            " * Source Package: pmount",
            " * State: Failed to build",
            " * Build Log: http://farm/files/7/log",
            "Why:\nthe package failed to build",
            "buildmaster build retry 8",
        ):
            self.assertIn(words, text)

    def test_the_text_word_for_word(self):
        lines = [
            "",
            " * Source Package: pmount",
            " * Version: 0.1-1",
            " * Architecture: i386",
            " * Archive: ubuntu",
            " * Component: main",
            " * State: Failed to build",
            " * Duration: 2 minutes",
            " * Build Log: http://farm/files/7/log",
            " * Builder: bob",
            "",
            "Why:",
            "the package failed to build",
            "",
            "When the cause is mended, it is tried again by: buildmaster build retry 8",
            "",
            "--",
            NEWS.title,
            "",
        ]
        self.assertEqual(lines, body(replace(NEWS, duration=120.0)).split("\n"))

    def test_a_refused_upload_brings_its_log(self):
        text = body(replace(NEWS, state=BuildState.FAILEDTOUPLOAD, failure="ERROR   no .changes"))
        self.assertIn("Upload log:\nERROR   no .changes", text)

    def test_what_is_not_known_is_not_available(self):
        text = body(replace(NEWS, builder=None, duration=None, log_url=None, failure=None))
        self.assertEqual(3, text.count("not available"))
        self.assertNotIn("Why:", text)

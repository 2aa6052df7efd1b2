"""A coroutine of a command ends at once, well or badly."""

from twisted.internet.defer import fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.inline import result_of


async def twice(deferred):
    return 2 * await deferred


class InlineTests(SynchronousTestCase):
    def test_its_result_is_returned(self):
        self.assertEqual(6, result_of(twice(succeed(3))))

    def test_its_error_is_raised(self):
        self.assertRaises(KeyError, result_of, twice(fail(KeyError("x"))))

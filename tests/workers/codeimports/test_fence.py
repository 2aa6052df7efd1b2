"""Where imports may go."""

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.codeimports.fence import Fence, FencedError, public

INSIDE = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
)
OUTSIDE = ("93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822")


class FenceTests(SynchronousTestCase):
    def way(self, *addresses, networks=()):
        return Fence(networks, lambda host: addresses).way_to("example.org")

    def refused(self, *addresses):
        self.assertRaises(FencedError, self.way, *addresses)

    def test_what_is_inside_is_refused(self):
        for address in INSIDE:
            self.assertFalse(public(ip_address(address)), address)
            self.refused(address)

    def test_what_is_outside_is_reached(self):
        for address in OUTSIDE:
            self.assertEqual(str(ip_address(address)), self.way(address))

    def test_a_network_inside_may_be_opened(self):
        self.assertEqual("10.1.2.3", self.way("10.1.2.3", networks=["10.1.0.0/16"]))
        self.assertRaises(FencedError, self.way, "10.2.2.3", networks=["10.1.0.0/16"])

    def test_of_several_addresses_one_that_is_open_is_taken(self):
        self.assertEqual("93.184.216.34", self.way("127.0.0.1", "2606:2800:220:1::1", "93.184.216.34"))

    def test_a_host_without_an_address_is_refused(self):
        self.refused()
        self.refused("nonsense")

    @given(st.ip_addresses(v=4))
    def test_an_address_in_another_is_judged_by_itself(self, address):
        self.assertEqual(public(address), public(ip_address(f"::ffff:{address}")))

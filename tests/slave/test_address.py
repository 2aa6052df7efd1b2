"""The URL of a slave is read, and what is no address of one is refused."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.slave.address import Address


class AddressTests(SynchronousTestCase):
    def test_reads_the_url_of_a_builder(self):
        for url, host, port, path in (
            ("http://bob:8221/", "bob", 8221, ""),
            ("http://bob:8221", "bob", 8221, ""),
            ("http://Bob/slaves/1/", "bob", 80, "/slaves/1"),
            ("http://[::1]:8221/", "::1", 8221, ""),
            ("http://bücher:1", "xn--bcher-kva", 1, ""),
        ):
            address = Address.of(url)
            self.assertEqual((host, port, path), (address.host, address.port, address.path))

    def test_a_url_that_leads_nowhere_is_refused(self):
        for url in (
            "",
            "bob:8221",
            "https://bob/",
            "http://:80/",
            "http://bob:99999/",
            "http://" + "a" * 70,
            "http://[:",
        ):
            self.assertRaises(ValueError, Address.of, url)

    def test_credentials_become_a_header(self):
        request = Address.of("http://me:pass%20word@bob:8221/").post(b"<x/>")
        self.assertEqual(
            b"POST /rpc HTTP/1.1\r\nHost: bob:8221\r\nUser-Agent: buildmaster\r\n"
            b"Authorization: Basic bWU6cGFzcyB3b3Jk\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<x/>",
            request,
        )

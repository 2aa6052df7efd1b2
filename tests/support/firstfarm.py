"""The farm that a dozen commands set up."""

import io
import tarfile

DOZEN = """
init
processor add x86
processor add amd64
distribution add ubuntu --title Ubuntu
series add ubuntu/hoary --version 5.04 --title Hoary --nominated-arch-indep i386
arch add ubuntu/hoary/i386 --processor x86
arch add ubuntu/hoary/amd64 --processor amd64 --no-untrusted
chroot set ubuntu/hoary/i386 {chroot}
archive add ubuntu
archive add ~cprov/ubuntu/ppa --private --depends ubuntu --score 5
builder add bob http://localhost:8221/ --processor x86 --processor amd64
builder add frog http://frog:8221 --processor x86 --untrusted --vm-host frog.host --manual
"""


def a_tarball(path):
    with tarfile.open(path, "w:gz") as tarball:
        tarball.addfile(tarfile.TarInfo("etc/motd"), io.BytesIO())
    return path


def set_up(farm):
    chroot = a_tarball(farm.root / "chroot.tar.gz")
    for line in DOZEN.strip().splitlines():
        farm.run(*line.format(chroot=chroot).split())

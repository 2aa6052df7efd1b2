"""What imports code from elsewhere into git, on a machine that asks the build master for jobs.

It imports nothing of the master and speaks XML-RPC with it, so it may run anywhere.
"""

"""What is remembered of archives elsewhere: their indices, and the files of sources that were imported from them."""

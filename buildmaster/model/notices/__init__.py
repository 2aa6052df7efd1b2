"""The mail that ends of builds and of imports call for, written with its reason."""

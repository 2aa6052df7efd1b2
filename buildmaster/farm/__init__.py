"""What ought to happen: values, and pure functions of them."""

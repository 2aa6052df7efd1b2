"""The queue builder's turns: missing builds, scores, dependency waits."""

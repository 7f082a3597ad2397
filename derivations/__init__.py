"""Models from forward equations, and the calculus that derives gradients, counts and sizes. The room of SymPy."""

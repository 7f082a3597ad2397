"""Models from forward equations, and the calculus that derives gradients, counts and sizes from them. The room of SymPy."""

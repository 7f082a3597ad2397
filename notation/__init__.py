"""The ground: text to tree with shapes and positions, tree to values on arrays, and back to text."""

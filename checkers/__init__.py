"""Assignments, submissions, kinds of answers, and the verdict where an answer meets its key."""

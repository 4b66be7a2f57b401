"""memdojo's memories in other people's frameworks, and other people's memories in memdojo's gym.

Each module needs a library of its own, which its extra installs, and says so when it is imported without it.
"""

"""Memory under attack: adversaries that put false, idle or commanding text into any stream.

An adversary plans what is to be said (`protocol`) from what it sees of a stream (`scene`). `poisoning` puts
that into the stream and records it as the stream's `poison`. Six adversaries come with memdojo; others are
registered by `memdojo.register.adversary`.
"""

from ..source import ATTACK_OPTIONS
from .poisoning import Attack, poison
from .protocol import Adversary, Said, Strike
from .registry import ADVERSARIES, make_adversary
from .scene import Scene, Target

__all__ = [
    "ADVERSARIES",
    "ATTACK_OPTIONS",
    "Adversary",
    "Attack",
    "Said",
    "Scene",
    "Strike",
    "Target",
    "make_adversary",
    "poison",
]

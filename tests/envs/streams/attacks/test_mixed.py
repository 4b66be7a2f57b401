from collections import Counter

from memdojo.envs.streams import load_streams
from memdojo.envs.streams.attacks import make_adversary


def test_each_stream_is_attacked_as_one_of_the_others_would():
    clean = load_streams("synthetic:train", num_streams=40)
    poisoned = load_streams("synthetic:train", num_streams=40, attack="mixed")
    added = Counter(len(hit.turns) - len(none.turns) for hit, none in zip(poisoned, clean, strict=True))
    # Five, three times as many of those who go in steps, and half of the turns where there is a flood.
    assert set(added) <= {*range(1, 6), 12, 15, 56}
    assert added[5] > added[15] > 0
    assert added[56] > 0


def test_it_takes_what_the_greediest_takes():
    assert make_adversary("mixed").usual_turns(112) == 56

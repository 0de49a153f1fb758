"""What an absorbing chain loses when the states of one channel lead to null, for each channel.

With f the expected passages of each state, N = (I - Q)^-1, D the states of the channel and
h = N b what a state brings, the loss is f_D (N_DD)^-1 h_D: the first entries into D, times what
each would have brought. Small chains are inverted once. A large one is solved channel by channel
with D closed, many channels at a time: sweeps over the transitions, each followed by the exact
answer of the chain of order 1 (states gathered by their last channel), which takes care of all
but the memory of the chain. Without it the residual would shrink by the length of the paths only.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tracker.attribution.chain import Chain, Floats, Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: States up to which the chain is inverted whole.
DENSE = 500
#: Numbers in a block of vectors, for each of them: 48 MiB in single precision; and how many blocks
#: are worked at once.
BLOCK = 12_000_000
WORKERS = 2
#: A large chain is swept until a sweep changes no loss by more than this part of P(conversion), in
#: single precision (what is left is not much more than the last change); one of up to FINE states
#: times channels to the other, in double; vectors alone to TOLERANCE.
PRECISION, FINE_PRECISION = 5e-7, 1e-11
FINE = 1_000_000
TOLERANCE = 1e-11
SWEEPS, STEPS = 100, 5_000


def losses(chain: Chain, targets: Floats) -> tuple[Floats, Floats]:
    """For each channel and each column of ``targets`` (b) what its removal loses, and the whole.

    Exact to about 1e-10 of the whole up to a million states times channels, beyond to 1e-6.
    """
    if chain.start.size <= DENSE:
        return _by_inversion(chain, targets)
    return _by_sweeps(chain, targets)


def _by_inversion(chain: Chain, targets: Floats) -> tuple[Floats, Floats]:
    passages = np.linalg.inv(np.eye(chain.start.size) - chain.moves.toarray())
    forward, onward = chain.start @ passages, passages @ targets
    by_channel = chain.members.tocsc()
    lost = np.zeros((by_channel.shape[1], targets.shape[1]))
    for channel in range(by_channel.shape[1]):
        among = by_channel.indices[by_channel.indptr[channel] : by_channel.indptr[channel + 1]]
        if among.size:
            first = np.linalg.solve(passages[np.ix_(among, among)].T, forward[among])
            lost[channel] = first @ onward[among]
    return lost, chain.start @ onward


def _by_sweeps(chain: Chain, targets: Floats) -> tuple[Floats, Floats]:
    size, channels = chain.members.shape
    onward = solve(lambda x: chain.moves @ x, targets)
    whole = chain.start @ onward
    ahead = chain.moves.T.tocsr()
    coarse = _coarse(chain, ahead)
    by_channel = chain.members.tocsc()
    lost = np.zeros((channels, targets.shape[1]))
    width = min(max(1, BLOCK // size), -(-channels // WORKERS))

    def lose(first: int) -> Floats:
        found = _sweep(chain.start, coarse, first, min(width, channels - first), onward, whole)
        if found is None:
            block = by_channel[:, first : first + width]
            found = _with_closed(chain.start, ahead, block.toarray() > 0, onward)
        return found

    # Most of it are products of a sparse matrix, which let other threads run meanwhile.
    with ThreadPoolExecutor(WORKERS) as threads:
        firsts = range(0, channels, width)
        for first, found in zip(firsts, threads.map(lose, firsts), strict=True):
            lost[first : first + width] = found
    return lost, whole


@dataclass(frozen=True, slots=True)
class _Coarse:
    """The chain and its image of order 1. Vectors are of the states and, below them, of what is
    still to be dealt out over the states that end with each channel, by their part in the passages
    of the whole chain: ``ahead`` moves both, ``gather`` sums the states by their last channel.
    ``passages`` is the image's inverse."""

    ahead: csr_array
    gather: csr_array
    passages: csr_array
    last: Integers
    precision: float


def _coarse(chain: Chain, ahead: csr_array) -> _Coarse:
    from scipy.sparse import csr_array, hstack, vstack

    size, channels = chain.members.shape
    places = np.arange(size)
    forward = solve(lambda x: ahead @ x, chain.start[:, None])[:, 0]
    gather = csr_array((np.ones(size), (chain.last, places)), shape=(channels, size))
    share = forward / np.maximum(gather @ forward, 1e-300)[chain.last]
    spread = csr_array((share, (places, chain.last)), shape=(size, channels))
    dealt = ahead @ spread
    is_fine = size * channels <= FINE
    kind = np.float64 if is_fine else np.float32
    return _Coarse(
        vstack([hstack([ahead, dealt]), csr_array((channels, size + channels))], "csr").astype(
            kind
        ),
        hstack([gather, csr_array((channels, channels))], "csr").astype(kind),
        # NOTE: as a sparse matrix, since BLAS has threads of its own, which wait by spinning: for
        # two workers that took as long as all the rest.
        csr_array(np.linalg.inv(np.eye(channels) - (gather @ dealt).toarray())),
        chain.last,
        FINE_PRECISION if is_fine else PRECISION,
    )


def _sweep(
    start: Floats, coarse: _Coarse, first: int, width: int, onward: Floats, whole: Floats
) -> Floats | None:
    """The losses of ``width`` channels from ``first`` on; None where it does not settle.

    Closed are the states that end with the channel: only by them the others are reached.
    """
    rows = np.flatnonzero((coarse.last >= first) & (coarse.last < first + width))
    columns = coarse.last[rows] - first
    starts = np.flatnonzero(start)
    size, channels = start.size, coarse.passages.shape[0]
    kind = coarse.ahead.dtype
    beginning = start[starts, None].astype(kind)
    moved: NDArray[Any] = np.zeros((size + channels, width), kind)
    gathered = np.zeros((channels, width))
    before = np.full(width, np.inf)
    for sweep in range(SWEEPS):
        if sweep:
            moved = coarse.ahead @ moved
        moved[starts] += beginning
        entering = moved[rows, columns].astype(np.float64)
        moved[rows, columns] = 0
        lost = _weighed(entering, onward, rows, columns, width)
        if np.abs(lost[:, 0] - before).max() <= coarse.precision * whole[0]:
            return lost
        before = lost[:, 0]
        summed = (coarse.gather @ moved).astype(np.float64)
        change = _answer(coarse.passages, summed - gathered, first)
        gathered = summed + change
        moved[size:] = change
    return None


def _weighed(
    entering: Floats, onward: Floats, rows: Integers, columns: Integers, width: int
) -> Floats:
    return np.stack([np.bincount(columns, entering * one[rows], width) for one in onward.T], axis=1)


def _answer(passages: csr_array, residual: Floats, first: int) -> Floats:
    """What the chain of order 1, each column without its own channel, adds to a residual."""
    columns = np.arange(residual.shape[1])
    channels = columns + first
    residual[channels, columns] = 0
    answer: Floats = passages @ residual
    own = passages[:, channels].toarray()
    answer -= own * (answer[channels, columns] / own[channels, columns])
    answer -= residual
    return answer


def _with_closed(
    start: Floats, ahead: csr_array, closed: NDArray[np.bool_], onward: Floats
) -> Floats:
    """The losses of some channels without the help of order 1, eight at a time."""
    lost = []
    for first in range(0, closed.shape[1], 8):
        shut = closed[:, first : first + 8]
        given = start[:, None] * ~shut
        passages = solve(_closing(ahead, ~shut), given)
        entering = (start[:, None] + ahead @ passages) * shut
        lost.append(entering.T @ onward)
    return np.concatenate(lost)


def _closing(ahead: csr_array, is_open: NDArray[np.bool_]) -> Callable[[Floats], Floats]:
    def step(vectors: Floats) -> Floats:
        moved: Floats = ahead @ vectors
        moved *= is_open
        return moved

    return step


def solve(step: Callable[[Floats], Floats], given: Floats) -> Floats:
    """x = given + step(x), each column by itself, by BiCGSTAB."""
    x = given.copy()
    residual = step(x)
    shadow, direction = residual.copy(), residual.copy()
    enough = np.maximum(_dot(given, given), 1e-300) * TOLERANCE**2
    rho = _dot(shadow, residual)
    for _ in range(STEPS):
        if (_dot(residual, residual) <= enough).all():
            return x
        turned = direction - step(direction)
        alpha = _over(rho, _dot(shadow, turned))
        residual -= alpha * turned
        x += alpha * direction
        image = residual - step(residual)
        omega = _over(_dot(image, residual), _dot(image, image))
        x += omega * residual
        residual -= omega * image
        previous, rho = rho, _dot(shadow, residual)
        direction = residual + _over(rho, previous) * _over(alpha, omega) * (
            direction - omega * turned
        )
    raise ArithmeticError("The Markov chain did not converge.")


def _dot(left: Floats, right: Floats) -> Any:
    return np.einsum("ij,ij->j", left, right)


def _over(above: Floats, below: Floats) -> Floats:
    """The quotient, 0 where a column has converged to nothing."""
    return np.divide(above, below, out=np.zeros_like(above), where=np.abs(below) > 1e-300)

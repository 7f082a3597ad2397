"""English words that stand between formulas, and what they announce."""

from __future__ import annotations

from typing import Final

# Words that could also be read as products of one-letter names ("it", "to", "is"): words unless an operator touches
# them.
SHORT_WORDS: Final = frozenset(
    """a i an as at be by do go he if in is it me my no of on or so to up us we and all any are both but can did each
    else for from get
    gets give gives had has have here hence how its just let may not now off one only our out over per plus put say
    see set she since
    such take than that the them then there these they this those thus too two use used uses using via was way well
    were what when
    where which while who why will with would yes yet you your also because both case cell chain compute computed cost
    count define
    denote denotes derivative direct does done dot down during end equal equals equation error every expression final
    finally find
    first fixed flow flows following formula forget full function further future gate gates give given goes gradient
    hadamard hidden
    holds identity implies index input inside into layer last later least left like linear long loss make matrix mean
    means memory
    more most move must name network new next none nothing note number obtain old once order other output part parts
    path paths
    previous product products prior quantity rest result right rule same scalar second set shape show side simply size
    so some state
    states step steps still stop sum summing summed than therefore third through time times together total transpose two
    until unit units value values vector wise element elementwise entrywise componentwise pointwise recurrence
    recursion recursive
    recursively backward backwards forward term terms
    with without wrt write writing yield yields zero otherwise apply applying across after again always before being
    between etc ie
    eg depthwise pointwise channel channels multiplications multiplication total operation operations weights weight
    parameters
    parameter bias biases convolution after stage spatial width height depth filters kernel each per extra additional
    required needed
    row rows column columns dimension dimensions dim dims dimensional ans answer solution sol final thus respectively
    applied
    range len zip print return def enumerate reversed
    weights biases ok hot true false class label target answers given taken correct wrong
    approx approximately about roughly near exactly""".split()
)

# What a word announces about the formula that follows it.
CONDITION_WORDS: Final = frozenset("for if when at whenever only until while".split())
DEFINITION_WORDS: Final = frozenset(
    "where with let define denote denotes here writing set put call calling letting defining defined".split()
)
PREMISE_WORDS: Final = frozenset("since because given using assuming assume suppose as if recall from note".split())
OTHERWISE_WORDS: Final = frozenset("otherwise else elsewhere".split())
# Words that negate what they stand next to; a formula beside them is never taken as the answer without a person.
NEGATIONS: Final = frozenset("not never no cannot isn't doesn't don't wrong incorrect false".split())
NUMBER_WORDS: Final[dict[str, int]] = {
    **{
        w: n
        for n, w in enumerate(
            (
                "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
                "seventeen eighteen nineteen"
            ).split()
        )
    },
    **{w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)},
    "none": 0,
    "nothing": 0,
    "nil": 0,
    "no": 0,
}

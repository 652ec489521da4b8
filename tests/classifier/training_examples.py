"""Makes training examples from a seed: each text names its matter among phrases that do not depend on it."""

from random import Random

from classifier.examples import Example
from engine.store import Store
from tests.case_actions import SUPERVISOR, make_move, new_case

MATTERS = {
    "cargo_damage": ("外箱压扁", "玻璃碎了", "表面划花", "木架断裂"),
    "delay": ("三天没到", "一直在途", "约好的时间过了", "迟迟不送"),
    "charge": ("多算了钱", "价格不对", "重复扣款", "没有开票"),
}
FILLER = ("请尽快处理", "我是老客户", "打了电话没人接", "昨天下午", "仓库那边说不知道", "希望有个说法", "货是上周发的")


def text_about(matter: str, chance: Random) -> str:
    return "，".join([*chance.sample(FILLER, 3)[:2], chance.choice(MATTERS[matter]), *chance.sample(FILLER, 1)])


def training_examples(each: int = 20, *, gold: bool = True, seed: int = 1) -> list[Example]:
    """Return so many examples of each matter, no two alike."""
    chance = Random(seed)
    made = [(matter, text_about(matter, chance)) for _ in range(each) for matter in MATTERS]
    return [Example(f"{number}号", text, matter, gold) for number, (matter, text) in enumerate(_distinct(made), 1)]


def _distinct(made: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Add a different suffix to each text: of letters, because the classifier treats all digits alike."""
    return [(matter, f"{text}，{_name(number)}") for number, (matter, text) in enumerate(made)]


def _name(number: int) -> str:
    return "".join("甲乙丙丁戊己庚辛壬癸"[int(digit)] for digit in f"{number:03}")


def classify_cases(store: Store, each: int, *, seed: int = 1, as_matter: dict[str, str] | None = None) -> list[str]:
    """Open so many cases of each matter and have a person classify them; return their numbers."""
    numbers: list[str] = []
    for example in training_examples(each, seed=seed):
        number = new_case(store, text=example.text)
        category = (as_matter or {}).get(example.label, example.label)
        make_move(store, number, "classify", by=SUPERVISOR, category=category)
        numbers.append(number)
    return numbers

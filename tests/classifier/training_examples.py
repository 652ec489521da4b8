"""Examples that nobody wrote, for lessons that are quick: each text says its matter, among words that say nothing."""

from random import Random

from classifier.examples import Example
from engine.store import Store
from tests.case_actions import SUPERVISOR, make_move, new_case

MATTERS = {
    "cargo_damage": ("外箱压扁", "玻璃碎了", "表面划花", "木架断裂"),
    "delay": ("三天没到", "一直在途", "约好的时间过了", "迟迟不送"),
    "charge": ("多算了钱", "价格不对", "重复扣款", "没有开票"),
}
AROUND = ("请尽快处理", "我是老客户", "打了电话没人接", "昨天下午", "仓库那边说不知道", "希望有个说法", "货是上周发的")


def text_about(matter: str, chance: Random) -> str:
    return "，".join([*chance.sample(AROUND, 3)[:2], chance.choice(MATTERS[matter]), *chance.sample(AROUND, 1)])


def lessons(each: int = 20, *, gold: bool = True, seed: int = 1) -> list[Example]:
    """So many examples of each matter, no two alike."""
    chance = Random(seed)
    made = [(matter, text_about(matter, chance)) for _ in range(each) for matter in MATTERS]
    return [Example(f"{number}号", text, matter, gold) for number, (matter, text) in enumerate(_unlike(made), 1)]


def _unlike(made: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Digits are all alike to the classifier, so what tells texts apart are letters."""
    return [(matter, f"{text}，{_name(number)}") for number, (matter, text) in enumerate(made)]


def _name(number: int) -> str:
    return "".join("甲乙丙丁戊己庚辛壬癸"[int(digit)] for digit in f"{number:03}")


def decided(store: Store, each: int, *, seed: int = 1, as_matter: dict[str, str] | None = None) -> list[str]:
    """People classify so many cases of each matter; their numbers."""
    numbers: list[str] = []
    for one in lessons(each, seed=seed):
        number = new_case(store, text=one.text)
        category = (as_matter or {}).get(one.label, one.label)
        make_move(store, number, "classify", by=SUPERVISOR, category=category)
        numbers.append(number)
    return numbers

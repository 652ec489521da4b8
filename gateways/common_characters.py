"""The characters that are common in a language: the evidence by which an encoding is told from another.

The Chinese list is that of running text and of a carrier's correspondence; its traditional forms follow by OpenCC.
"""

from functools import cache
from typing import cast

CHINESE = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关"
    "点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通"
    "教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期"
    "市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边"
    "死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔士费客户诉投快递包裹单号运输货物仓库签收丢失破损延误赔偿退款态度差"
    "迟早晚坏箱送派件寄取电话联系地址姓名先生女士小姐您请问为何没有收到答复处理结果时间编号内容渠道来源部门服务站点司机承诺未按预约"
    "催查询虚假代收保价理赔发票金额元角分钱多收运费少短缺湿脏漏压变形摔碎易水果生鲜冷链轮胎托盘整零担专线提货卸装车配上门楼梯搬"
    "李刘陈杨黄赵吴周徐孙胡朱郭林罗郑梁谢宋唐冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程魏苏吕丁沈任姚卢姜崔谭陆汪范石廖贾夏韦付邹孟熊秦邱江尹薛"
    "明华伟芳娜秀英敏静丽强磊洋勇艳杰娟涛超霞平刚桂建国玉兰志文红军辉鹏飞宇浩然梅琳雪婷"
)
"""The most common characters of simplified Chinese, those of names and of complaints about deliveries included."""
CHINESE_SIGNS = "，。、；：？！（）“”《》‘’—…·￥　【】"
FULL_WIDTH = "０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ＠－／％"

JAPANESE = (
    "日一人年大十二本中長出三時行見月分後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車"
    "何南万毎白天母火右読友左休父雨荷物届配達送料遅破損箱苦情客様品番号連絡返答田中村佐藤鈴木高橋渡辺伊藤本当有難社会員理由依頼確認"
)
KOREAN = (
    "이다에의는로하을가고지서한은기으년대사시를리도인스일입니습했요어있않았해아자제그보상배송택늦파손물품고객연락박김정최수전화접과주문나라"
    "여게만들된되면오우원부분장공경국내용호번"
)
WESTERN = "äöüßéèêàâçñáíóúãåøæôîïùëœ"
"""The letters beyond ASCII of German, French, Spanish, Portuguese, Italian and the Scandinavian languages."""
SELDOM_WESTERN = "õûìòÿ"
CENTRAL = "ąćęłńóśźżáčďéěíňřšťúůýžőűäöüđăâîșț"
TURKISH = "çğıöşüİ"
CYRILLIC = "оеаинтсрвлкмдпугяызбйьчхжцюшэщфъёіїєґ"
GREEK = "ατοιενρσκηπςυμλίόάγέδήωχθύφβξζψώ"
HEBREW = "יוהלרבתמאשנעםדקחפסכגטצןזךףץ"
ARABIC = "اليمونرتبةعدسفهكقأحجشطصىخإذزضظغءؤئآ"
THAI = "านรอกเงมยลวดทสตะปบคหแจพชขใไถซศธผฟภณโญษฐฝึืัุูิี่้๊๋์็ๆำ"
WESTERN_SIGNS = "“”‘’„–—…«»°€£§©®·\xa0¿¡ºª"


@cache
def traditional() -> frozenset[str]:
    """Return the traditional forms of the common Chinese characters."""
    from opencc import OpenCC  # pyright: ignore[reportMissingTypeStubs]

    converted = cast("str", OpenCC("s2t").convert("\n".join(dict.fromkeys(CHINESE))))  # pyright: ignore[reportUnknownMemberType]
    return frozenset(converted) - {"\n"}


@cache
def simplified() -> frozenset[str]:
    """Return the common Chinese characters."""
    return frozenset(CHINESE)


@cache
def first_level(codec: str, first: int, last: int) -> frozenset[str]:
    """Return the characters that a two-byte encoding places from ``first`` to ``last``: its common ones."""
    codes = (code.to_bytes(2, "big") for code in range(first, last + 1))
    return frozenset(text for code in codes if len(text := code.decode(codec, "ignore")) == 1 and not text.isascii())

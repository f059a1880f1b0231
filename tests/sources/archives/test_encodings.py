"""The encoding of an archive's names is that of which they are the likeliest text, all of them together."""

from __future__ import annotations

import random

import pytest

from image_tagging.sources.archives import encodings
from image_tagging.sources.archives.encodings import choose_encoding

#: What people call pictures and folders; written after the lists of frequent characters, and not used for them.
NAMES = {
    "cp932": (
        "消防車 救急車 信号 郵便局 図書館 博物館 展覧会 七五三 書類 領収書_2023 営業部 議事録 ロゴ "
        "バナー 高解像度 加工前 夏祭り 雪だるま おみくじ 十二単 機械学習 正解 異常 良品 傷 錆 欠け 検査 "
        "溶接 ソファ 能 表紙 IMG_犬 ぬいぐるみ 紫陽花 魔法使い 宝箱"
    ),
    "gbk": (
        "消防车 救护车 红绿灯 邮局 图书馆 博物馆 展览 婚礼 文件 收据_2023 销售部 会议记录 发票 标志 "
        "缩略图 高清 修图前 庙会 雪人 枫叶 求签 偷拍 机器学习 正确 异常 良品 划痕 锈 缺口 检测 电路板 "
        "李娜 陈伟 赵敏 郑州 武汉 杭州 IMG_狗 毛绒玩具 绣球花 魔法师 宝箱"
    ),
    "big5": (
        "消防車 救護車 紅綠燈 郵局 圖書館 博物館 展覽 婚禮 文件 收據_2023 業務部 會議記錄 發票 標誌 縮圖 "
        "高畫質 修圖前 廟會 雪人 楓葉 求籤 偷拍 機器學習 正確 異常 良品 刮痕 鏽 缺口 檢測 電路板 李娜 "
        "陳偉 趙敏 台中 新竹 花蓮 IMG_狗 絨毛玩具 繡球花 魔法師 寶箱 功能 許願"
    ),
    "cp949": (
        "소방차 구급차 신호등 우체국 도서관 박물관 전시회 결혼식 서류 영수증_2023 영업부 회의록 로고 "
        "배너 썸네일 고화질 보정전 축제 눈사람 단풍 윷놀이 한복 기계학습 정답 이상 양품 흠집 녹 깨짐 "
        "검사 용접 이영희 박지성 강남 부산역 IMG_개 인형 수국 마법사 보물상자 똠방각하"
    ),
    "cp437": (
        "Feuerwehr_Grün Lösung Prüfung Rückseite Vögelchen Bücher Möbelstücke Gemüse Jägerzaun Überblick "
        "Schäden Löcher rétréci déchiré rayé brûlé numérisé modèle dañado tamaño señal círculo triángulo "
        "mañana otoño cumpleaños bébé mère älskar gräs träd blå"
    ),
    "cp850": (
        "Feijão Camarão Limão Tubarão Botões Aviões Mãos Irmãos Cães Høst Kjøkken Sjø Grønn Rød Bølge "
        "Økse Æble Évora Ópera"
    ),
    "cp1252": (
        "Mäuse Krähe Brücke Höhle Töpfe Füße ratón cigüeña león écureuil chèvre gâteau Feijão Canções "
        "Høst Rød häst smörgås"
    ),
    "cp866": (
        "Мышь Ворона Игрушки Ночь Роза Бабочка Насекомые Парк Мост Пещера Кафе Очки Кольцо Часы Сумка "
        "Ботинки Броня Эскиз юг"
    ),
    "cp1251": (
        "Мышь Ворона Игрушки Ночь Роза Бабочка Насекомые Парк Мост Пещера Кафе Очки Кольцо Часы Сумка "
        "Ботинки Броня Эскиз юг"
    ),
    "utf-8": (
        "鼠 장미 薔薇 Žirafa świnia łódź Çiçek Şehir สุนัข कुत्ता שלום قطة Ωμέγα Ёж ﾃｽﾄ 🐱 für zoë naïf Mädchen 能 표지"
    ),
}
BYTES = {encoding: [name.encode(encoding) for name in names.split()] for encoding, names in NAMES.items()}


def texts(names, encoding):
    """The names as text; what an encoding has no character for is marked."""
    return [name.decode(encoding, "replace") for name in names]


@pytest.mark.parametrize("encoding", BYTES)
def test_ten_names_are_enough_for_each_encoding(encoding):
    drawn = random.Random(1)
    for _ in range(50):
        names = drawn.sample([name for name in BYTES[encoding] if not name.isascii()], 10)
        assert texts(names, choose_encoding(names)) == texts(names, encoding)


@pytest.mark.parametrize("encoding", ["cp932", "gbk", "big5", "cp949", "cp437"])
def test_three_names_nearly_always_are(encoding):
    drawn = random.Random(2)
    asked = [drawn.sample([name for name in BYTES[encoding] if not name.isascii()], 3) for _ in range(200)]
    right = sum(texts(names, choose_encoding(names)) == texts(names, encoding) for names in asked)
    assert right >= 190


@pytest.mark.parametrize("name", [*NAMES["utf-8"].split(), "ü", "é/1.png", "ñ.png", "犬", "고"])
def test_one_name_in_utf8_is_read_as_such(name):
    assert choose_encoding([name.encode()]) == "utf-8"


@pytest.mark.parametrize("encoding", BYTES)
def test_a_name_that_is_damaged_does_not_change_the_encoding_of_the_others(encoding):
    names = [*BYTES[encoding], b"\x81\xff\xfe\x80"]
    assert texts(BYTES[encoding], choose_encoding(names)) == texts(BYTES[encoding], encoding)


@pytest.mark.parametrize("encoding", BYTES)
def test_folders_and_suffixes_do_not_matter(encoding):
    names = [b"2021/" + name + b"/IMG_%04d.JPG" % number for number, name in enumerate(BYTES[encoding])]
    assert texts(names, choose_encoding(names)) == texts(names, encoding)


def test_names_of_another_encoding_far_behind_are_seen():
    names = [b"\x8c\xa2/%d.png" % number for number in range(5000)]  # 犬 in cp932 and, by chance, a word of others
    assert choose_encoding(names[:1] * 5000 + BYTES["cp932"]) == "cp932"
    assert choose_encoding([*("é.png".encode() for _ in range(9000)), *("猫/%d".encode() for _ in range(9))]) == "utf-8"


def test_a_million_names_cost_no_more_than_a_thousand(monkeypatch):
    seen = []
    monkeypatch.setattr(encodings, "_MODELS", (encodings._MODELS[0],))
    monkeypatch.setattr(encodings._Model, "log_likelihood", lambda model, names: seen.append(len(names)) or 0.0)
    choose_encoding([f"{number}/犬".encode("cp932") for number in range(300_000)])
    assert seen == [min(seen[0], 1 << 15)]


def test_no_name_is_no_encoding_but_utf8():
    assert choose_encoding([]) == "utf-8"
    assert choose_encoding([b"\xff", b"\xfe"]) == choose_encoding([b"\xff", b"\xfe"])

/* What the catalogue's million entries are named with, and what is searched for among them. */
#pragma once

static const char *const word_regions[] = {"江岸区", "江汉区", "硚口区",   "汉阳区", "武昌区",
                                           "青山区", "洪山区", "东西湖区", "汉南区", "蔡甸区",
                                           "江夏区", "黄陂区", "新洲区"};
static const char *const word_offices[] = {"人力资源和社会保障局",
                                           "市场监督管理局",
                                           "交通运输局",
                                           "生态环境局",
                                           "自然资源和规划局",
                                           "卫生健康委员会",
                                           "教育局",
                                           "民政局",
                                           "水务局",
                                           "农业农村局",
                                           "住房保障和房屋管理局",
                                           "文化和旅游局",
                                           "应急管理局",
                                           "医疗保障局",
                                           "公积金管理中心",
                                           "气象局"};
static const char *const word_topics[] = {
    "企业登记", "参保缴费",   "不动产交易", "空气质量", "公交刷卡", "地铁站点",   "医保结算",   "学校名录",
    "养老机构", "水文监测",   "农产品价格", "房屋租赁", "景区客流", "危险化学品", "公积金缴存", "降水预报",
    "道路施工", "停车泊位",   "食品抽检",   "行政许可", "行政处罚", "信用评价",   "供水管网",   "湖泊面积",
    "排污许可", "幼儿园学位", "疫苗接种",   "执业医师", "社会组织", "婚姻登记",   "法人注销",   "纳税信用",
    "用电负荷", "燃气管线",   "垃圾清运",   "古树名木"};
static const char *const word_kinds[] = {"信息", "数据", "统计", "明细",     "目录",
                                         "台账", "年报", "月报", "监测记录", "核验"};

/* One character, two, more; alone and together; frequent, rare, and absent. Those at WORDS_THAT_SELDOM_MEET
 * find one entry in 4,680: nothing in a city of 10,000, a page in one of 100,000. */
enum { WORDS_THAT_SELDOM_MEET = 10 };
static const char *const word_searches[] = {"水",
                                            "局",
                                            "房",
                                            "数据",
                                            "企业",
                                            "江夏",
                                            "不动产",
                                            "企业登记信息",
                                            "空气质量",
                                            "水务局 月报",
                                            "江岸区 用电负荷 年报",
                                            "古树名木 东西湖区",
                                            "碳排放",
                                            "A0999999"};

#define WORDS(list) (sizeof(list) / sizeof((list)[0]))

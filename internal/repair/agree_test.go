package repair

import (
	"testing"

	"gongxin/internal/clock"
	"gongxin/internal/publish"
	"gongxin/internal/record"
)

// The rules of publicity and those of repair say the same of every penalty: which set holds, whether it is shown at all, and when it is shown no longer. Around every
// day on which the rules changed, for market regulators and others, whatever was imposed and whatever class the department states.
func TestPublicityAgrees(t *testing.T) {
	t.Parallel()
	shown, err := publish.DefaultRules()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := DefaultRules()
	if err != nil {
		t.Fatal(err)
	}
	kinds := [][]string{
		{"警告"}, {"通报批评"}, {"警告", "通报批评"}, {"罚款"}, {"警告", "罚款"}, {"没收违法所得"}, {"责令停产停业"}, {"罚款", "吊销许可证件"}, {"降低资质等级"}, {"限制从业"}, {"责令关闭"}, {"通报批评", "限制开展生产经营活动"},
	}
	for _, border := range []clock.Date{20210901, 20230501, 20251225, 20260401} {
		for _, day := range []clock.Date{border.AddDays(-1), border, border.AddDays(1)} {
			for _, unit := range []string{"临溪市市场监督管理局", "临溪市生态环境局"} {
				for _, kind := range kinds {
					for _, stated := range []record.Severity{0, record.Minor, record.Moderate, record.Serious} {
						for _, procedure := range []record.Procedure{record.Ordinary, record.Simple} {
							for _, fine := range []float64{0.1, 100} {
								w := shown.Window(publish.Matter{Rule: "penalty", DecidedOn: day, Kinds: kind, Fine: fine, Severity: stated, Procedure: procedure, Unit: unit, Failure: true})
								v := rules.Judge(Matter{Item: "XZCF", DecidedOn: day, Severity: w.Severity, Procedure: procedure, Kinds: kind, Unit: unit})
								if v.Set != w.RuleSet || v.Shown != w.Public || w.Public && v.Max != w.Until {
									t.Errorf("%s, %s, %v, stated %q, procedure %d, fine %v: publicity %s shown %v until %s, repair %s shown %v until %s", unit, day, kind, stated, procedure, fine,
										w.RuleSet, w.Public, w.Until, v.Set, v.Shown, v.Max)
								}
								if v.Shown && v.Excluded == "" && v.Earliest >= v.Max {
									t.Errorf("%s, %s, %v can never be repaired: from %s until %s", unit, day, kind, v.Earliest, v.Max)
								}
							}
						}
					}
				}
			}
		}
	}
}

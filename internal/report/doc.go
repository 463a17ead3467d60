// Package report keeps the rule that a report says what the gate gave and nothing of its own: no score, no grade, no identity number; every report is
// numbered, signed, bound to the public log and can be checked by anyone with nothing but the file, or by number and code from paper. What was handed out is
// remembered row by row, so that a later correction knows whom to tell; a report whose rows have changed since is not handed out again.
//
// Layout: 公共信用信息报告标准（2022年版）, "V2.0"; the special report (信用代证) after 发改财金〔2025〕565号. docs/standards/report-format.md holds the format.
package report

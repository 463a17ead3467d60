package app

import (
	"context"
	"testing"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/config"
)

// TestCityEarlyInTheDay: a city made before its departments' hour of filing has nothing on file that lies in the future, and goes by the day
// that begins at midnight in China.
func TestCityEarlyInTheDay(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c, err := config.Config{Data: t.TempDir(), City: config.City{Name: "临溪市", Code: "990100"}}.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	now := clock.NewManual(time.Date(2026, 11, 23, 0, 30, 0, 0, clock.Zone))
	if err := MakeCity(ctx, c, Options{Demo: true, Clock: now}, CityOptions{Seed: 1, Subjects: 40, Records: 160}, nil); err != nil {
		t.Fatal(err)
	}
	a, err := Open(ctx, c, Options{Demo: true, Clock: now}, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	var filed, ahead, today int
	err = a.DB.Read().QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN received_at > $1 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN received_at >= $2 THEN 1 ELSE 0 END), 0) FROM submission`,
		now.Now().UnixMicro(), clock.Date(20261123).Start().UnixMicro()).Scan(&filed, &ahead, &today)
	if err != nil || filed == 0 || today == 0 || ahead > 0 {
		t.Errorf("of %d files %d were filed today and %d in the future: %v", filed, today, ahead, err)
	}
	subjects, _, err := a.Subjects.Changed(ctx, now.Now(), 1<<62, 10)
	if err != nil || len(subjects) > 0 {
		t.Errorf("%d subjects changed in the future: %v", len(subjects), err)
	}
}

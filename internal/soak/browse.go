package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/ident"
	"gongxin/internal/record"
)

// browse reads the public site and interface.
func (l *load) browse(ctx context.Context, n int) {
	random := rand.New(rand.NewPCG(l.seed, uint64(n)))
	names := []string{"临溪", "科技", "贸易", "建设", "食品"}
	for ctx.Err() == nil {
		kind, path := kindHome, "/"
		switch random.IntN(7) {
		case 0:
			kind, path = kindColumn, "/api/v1/records?item=XZCF&limit=20"
		case 1:
			kind, path = kindColumn, "/api/v1/records?item=XZXK&limit=20"
		case 2:
			kind, path = kindSearch, "/api/v1/subjects?"+url.Values{"q": {names[random.IntN(len(names))]}}.Encode()
		case 3:
			kind, path = kindStats, "/api/v1/stats"
		case 4:
			if code := l.one(random, &l.codes); code != "" {
				kind, path = kindSubject, "/api/v1/subjects/"+code+"/records"
			}
		case 5:
			if id := l.one(random, &l.records); id != "" {
				kind, path = kindRecord, "/api/v1/records/"+id
			}
		}
		status, raw, err := l.do(ctx, l.public, kind, http.MethodGet, path, nil, nil)
		if status == http.StatusOK && len(raw) > 0 && raw[0] == '{' {
			l.learn(raw)
		}
		if err != nil {
			pause(ctx, retryAfter)
		}
		pause(ctx, time.Duration(random.IntN(150))*time.Millisecond)
	}
}

// learnt is how many codes and records are remembered.
const learnt = 1000

// learn keeps codes of businesses and numbers of records that an answer shows.
func (l *load) learn(raw []byte) {
	var list struct {
		Items []struct {
			ID   string `json:"id"`
			Code string `json:"code"`
		} `json:"items"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range list.Items {
		if _, err := ident.ParseUSCC(i.Code); err == nil && len(l.codes) < learnt {
			l.codes = append(l.codes, i.Code)
		}
		if i.ID != "" && len(l.records) < learnt {
			l.records = append(l.records, i.ID)
		}
	}
}

func (l *load) one(random *rand.Rand, list *[]string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(*list) == 0 {
		return ""
	}
	return (*list)[random.IntN(len(*list))]
}

// downloadWithin bounds the download of one item; a large register's takes minutes.
const downloadWithin = 10 * time.Minute

// download takes everything that everyone may download.
func (r *run) download(ctx context.Context) {
	r.seen = map[record.ID]bool{}
	c := &http.Client{Timeout: downloadWithin}
	for _, item := range catalog.Default().Items {
		if item.Class != catalog.Public {
			continue
		}
		if status, err := r.downloadItem(ctx, c, item.Code); err != nil {
			r.report.Unchecked = append(r.report.Unchecked, fmt.Sprintf("开放数据 %s 没有下载到（状态 %d）：%v", item.Code, status, err))
		}
	}
}

func (r *run) downloadItem(ctx context.Context, c *http.Client, code catalog.ItemCode) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.srv.address()+"/open-data/"+string(code)+".ndjson", nil)
	if err != nil {
		return 0, err
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound: // items without a column have no download
		return res.StatusCode, nil
	default:
		return res.StatusCode, errors.New(http.StatusText(res.StatusCode))
	}
	for dec := json.NewDecoder(res.Body); ; {
		var row struct {
			ID string `json:"id"`
		}
		if err := dec.Decode(&row); errors.Is(err, io.EOF) {
			return res.StatusCode, nil
		} else if err != nil {
			return res.StatusCode, err
		}
		id, err := record.ParseID(row.ID)
		if err != nil {
			return res.StatusCode, err
		}
		r.seen[id] = true
	}
}

// staff reads the queue of rows that wait for a person, and one of them.
func (l *load) staff(ctx context.Context) {
	for ctx.Err() == nil {
		status, raw, err := l.do(ctx, l.filer, kindQueue, http.MethodGet, "/api/v1/queue?limit=20", nil, nil)
		var list struct {
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
		}
		switch {
		case unsure(status, err):
			l.read(status, err)
		case status == http.StatusOK && json.Unmarshal(raw, &list) == nil && len(list.Items) > 0:
			l.read(status, nil)
			status, _, err = l.do(ctx, l.filer, kindQueue, http.MethodGet, "/api/v1/queue/"+list.Items[0].ID, nil, nil)
			l.read(status, err)
		case status == http.StatusUnauthorized || status == http.StatusForbidden:
			l.problem("有权的人看不到待认定的行：状态 %d，%.200s", status, raw)
		}
		pause(ctx, time.Second)
	}
}

// read notes what came of asking for rows of the queue: each answer leaves an entry.
func (l *load) read(status int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case unsure(status, err):
		l.queuing++
	case status == http.StatusOK:
		l.queued++
	}
}

package results

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// LogFileName is the name of the interval log inside a result directory.
const LogFileName = "intervals.hlog"

// LogHeader identifies the run that an interval log belongs to.
type LogHeader struct {
	RunID    string    `json:"run_id"`
	PlanHash string    `json:"plan_hash"`
	Shard    int       `json:"shard"`
	Shards   int       `json:"shards"`
	Started  time.Time `json:"started"` // start of the measured part

	// Mode and Client are those of every load in the log.
	Mode   string `json:"mode,omitempty"`
	Client string `json:"client,omitempty"`
	// Calibration of the client, if there was one.
	Calibration *Calibration `json:"calibration,omitempty"`
	// Run is the result file as it stood when the load began, without sections:
	// with it Read makes a result of a log whose run was killed.
	Run *File `json:"run,omitempty"`
}

// LogCounts are the counts of one operation and key spec from the start of a
// run to the end of an interval; they mean what they mean in Load.
type LogCounts struct {
	Operation  string           `json:"operation"`
	KeySpec    string           `json:"key_spec"`
	Due        int64            `json:"due"` // arrivals; 0 in a closed loop
	Requests   int64            `json:"requests"`
	Succeeded  int64            `json:"succeeded"`
	Refused    int64            `json:"refused"`
	WrongTags  int64            `json:"wrong_tags"`
	Unfinished int64            `json:"unfinished"`
	Dropped    int64            `json:"dropped"`
	Late       int64            `json:"late"`
	Attempts   int64            `json:"attempts"`
	Throttled  int64            `json:"throttled"`
	Verified   int64            `json:"verified"`
	VerifiedBy string           `json:"verified_by"`
	Errors     map[string]int64 `json:"errors"`
}

// Comments of ours inside the log; other HdrHistogram tools skip them.
const (
	markHeader = "#[kmsmac: "
	markCommit = "#[commit: "
	markEnd    = "]"
)

// memberSum is the last member of a commit: the CRC-32 of the interval's
// histogram lines and of the commit without this member. Histograms
// have a checksum of their own, but tags, times and counts have not. Logs of
// before it was kept have none.
const memberSum = `,"crc32":"`

// commit ends an interval. Only what stands before one counts.
type commit struct {
	Intervals int         `json:"intervals"` // histogram lines since the commit before
	Counts    []LogCounts `json:"counts"`
	Final     bool        `json:"final"` // the run has ended
	// From and To are the interval, in milliseconds since 1970; 0 in logs of
	// before they were kept.
	From int64 `json:"from_ms,omitempty"`
	To   int64 `json:"to_ms,omitempty"`
}

// IntervalLog writes an HdrHistogram interval log (format 1.3, V2 compressed)
// that any HdrHistogram tool reads. Values are nanoseconds, times are seconds
// since 1970, tags are operation/key spec/client/outcome/clock. Each interval
// is one Write, so that a killed run loses at most the interval it was in.
type IntervalLog struct {
	w   io.Writer
	buf bytes.Buffer
	out *hdrhistogram.HistogramLogWriter
	n   int
	err error

	from, to int64 // ms since 1970, of the interval that Commit ends
}

// NewIntervalLog writes the header to w. If w has a method Flush() error it is
// called after each interval.
func NewIntervalLog(w io.Writer, h LogHeader) (*IntervalLog, error) {
	l := &IntervalLog{w: w}
	l.out = hdrhistogram.NewHistogramLogWriter(&l.buf)
	raw, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("results: interval log: %w", err)
	}
	ms := h.Started.UnixMilli()
	l.keep(l.out.OutputLogFormatVersion())
	fmt.Fprintf(&l.buf, "%s%s%s\n", markHeader, MaskAccounts(string(raw)), markEnd)
	l.keep(l.out.OutputStartTime(ms))
	l.keep(l.out.OutputLegend())
	return l, l.flush()
}

func (l *IntervalLog) keep(err error) {
	if l.err == nil && err != nil {
		l.err = fmt.Errorf("results: interval log: %w", err)
	}
}

// Add puts one histogram into the interval that Commit ends. h gets tag and
// times set and is not kept; an empty one is left out.
func (l *IntervalLog) Add(tag string, from, to time.Time, h *hdrhistogram.Histogram) {
	l.from, l.to = from.UnixMilli(), to.UnixMilli()
	if h == nil || h.TotalCount() == 0 {
		return
	}
	h.SetTag(tag)
	h.SetStartTimeMs(from.UnixMilli())
	h.SetEndTimeMs(to.UnixMilli())
	l.keep(l.out.OutputIntervalHistogram(h))
	l.n++
}

// Commit ends the interval and writes it out. After an error nothing more is
// written, and every Commit returns that error.
func (l *IntervalLog) Commit(counts []LogCounts, final bool) error {
	raw, err := json.Marshal(commit{l.n, counts, final, l.from, l.to})
	l.keep(err)
	l.n, l.from, l.to = 0, 0, 0
	sum := crc32.Update(crc32.ChecksumIEEE(l.buf.Bytes()), crc32.IEEETable, raw)
	fmt.Fprintf(&l.buf, "%s%s%s%08x\"}%s\n", markCommit, bytes.TrimSuffix(raw, []byte("}")), memberSum, sum, markEnd)
	return l.flush()
}

func (l *IntervalLog) flush() error {
	if l.err == nil {
		_, err := l.w.Write(l.buf.Bytes())
		if f, ok := l.w.(interface{ Flush() error }); ok && err == nil {
			err = f.Flush()
		}
		l.keep(err)
	}
	l.buf.Reset()
	return l.err
}

// LoggedRun is what an interval log holds.
type LoggedRun struct {
	Header  LogHeader
	Totals  map[string]*hdrhistogram.Histogram // by tag, all committed intervals added up
	Counts  []LogCounts                        // at the last commit
	Commits []LoggedCommit                     // every interval's end
	Final   bool                               // the run came to its end; otherwise it was cut off
	Torn    bool                               // something stood behind the last commit and was left out
}

// LoggedCommit is the end of one interval.
type LoggedCommit struct {
	From, To time.Time   // zero in logs of before they were kept
	Counts   []LogCounts // from the start of the run
}

// LoggedInterval is one histogram of a log.
type LoggedInterval struct {
	Tag       string
	Start     float64 // seconds since 1970
	Seconds   float64
	Histogram *hdrhistogram.Histogram
}

// maxLogLine bounds a line of a log that is read: a compressed histogram of the
// project's shape takes a few kilobytes.
const maxLogLine = 4 << 20

// maxPending bounds the histograms of one interval: two operations, four key
// specs, three outcomes and four clocks are 96.
const maxPending = 1000

// ReadIntervalLog reads a log that IntervalLog wrote and hands every committed
// histogram to each, unless that is nil; it keeps only the totals. What a
// killed run wrote after its last commit is left out and reported as Torn.
// Damage before that is an error that names the line.
func ReadIntervalLog(r io.Reader, each func(LoggedInterval)) (*LoggedRun, error) {
	p := logParser{lines: newLineReader(r), each: each}
	p.run.Totals = map[string]*hdrhistogram.Histogram{}
	for {
		line, whole, err := p.lines.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("results: interval log: line %d: %w", p.lines.n, err)
		}
		if !whole {
			p.run.Torn = true // cut in the middle of a line
			break
		}
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("results: interval log: line %d: %w", p.lines.n, err)
		}
	}
	if !p.header {
		return nil, errors.New("results: not an interval log of kmsmac: it has no header")
	}
	p.run.Torn = p.run.Torn || len(p.pending) > 0
	return &p.run, nil
}

type logParser struct {
	lines   *lineReader
	run     LoggedRun
	each    func(LoggedInterval)
	header  bool
	pending []pendingInterval
	adder   *adder
	sum     uint32 // of the pending lines
}

// pendingInterval is a histogram that no commit has followed yet. It is decoded
// only if somebody wants to see it; else it is added as it is.
type pendingInterval struct {
	LoggedInterval
	text string
	line int
}

// check compares a commit's checksum with what was read.
func (p *logParser) check(line string) error {
	lines := p.sum
	p.sum = 0
	before, sum, ok := strings.Cut(strings.TrimPrefix(line, markCommit), memberSum)
	if !ok {
		return nil
	}
	if want := fmt.Sprintf("%08x\"}%s", crc32.Update(lines, crc32.IEEETable, []byte(before+"}")), markEnd); sum != want {
		return errors.New("the interval that ends here does not fit its checksum: the log is damaged")
	}
	return nil
}

func (p *logParser) line(line string) error {
	switch {
	case strings.HasPrefix(line, markHeader):
		p.header = true
		return unmark(line, markHeader, &p.run.Header)
	case strings.HasPrefix(line, markCommit):
		var c commit
		if err := unmark(line, markCommit, &c); err != nil {
			return err
		}
		if c.Intervals != len(p.pending) {
			return fmt.Errorf("the interval has %d histograms, its commit says %d", len(p.pending), c.Intervals)
		}
		p.run.Counts, p.run.Final = c.Counts, c.Final
		end := LoggedCommit{Counts: c.Counts}
		if c.To > 0 {
			end.From, end.To = time.UnixMilli(c.From), time.UnixMilli(c.To)
		}
		p.run.Commits = append(p.run.Commits, end)
		if err := p.commit(); err != nil { // a histogram that is damaged names its line
			return err
		}
		return p.check(line)
	case line == "" || line[0] == '#' || line[0] == '"':
		return nil
	}
	p.sum = crc32.Update(p.sum, crc32.IEEETable, append([]byte(line), '\n'))
	iv, err := parseInterval(line, p.each != nil)
	iv.line = p.lines.n
	if err == nil && len(p.pending) == maxPending {
		err = fmt.Errorf("more than %d histograms in one interval", maxPending)
	}
	p.pending = append(p.pending, iv)
	return err
}

func (p *logParser) commit() error {
	for _, iv := range p.pending {
		total := p.run.Totals[iv.Tag]
		if total == nil {
			total = NewHistogram()
			p.run.Totals[iv.Tag] = total
		}
		n, err := p.addTo(total, iv)
		if err == nil && n > 0 {
			err = fmt.Errorf("%d values of %s are above %d ns", n, iv.Tag, HighestNs)
		}
		if err != nil {
			p.lines.n = iv.line // where the fault is
			return err
		}
		if p.each != nil {
			p.each(iv.LoggedInterval)
		}
	}
	p.pending = p.pending[:0]
	return nil
}

// addTo adds one histogram and returns the number of values beyond the range.
func (p *logParser) addTo(total *hdrhistogram.Histogram, iv pendingInterval) (dropped int64, err error) {
	if iv.Histogram != nil {
		return total.Merge(iv.Histogram), nil
	}
	if p.adder == nil {
		if p.adder, err = newAdder(); err != nil {
			return 0, err
		}
	}
	return p.adder.add(total, iv.text)
}

func unmark(line, mark string, into any) error {
	text, ok := strings.CutSuffix(strings.TrimPrefix(line, mark), markEnd)
	if !ok {
		return errors.New("the comment is cut off")
	}
	return json.Unmarshal([]byte(text), into)
}

func parseInterval(line string, decode bool) (iv pendingInterval, err error) {
	if rest, ok := strings.CutPrefix(line, "Tag="); ok {
		iv.Tag, line, _ = strings.Cut(rest, ",")
	}
	parts := strings.Split(line, ",")
	if len(parts) != 4 {
		return iv, fmt.Errorf("%d fields, not 4", len(parts))
	}
	var err1, err2 error
	iv.Start, err1 = strconv.ParseFloat(parts[0], 64)
	iv.Seconds, err2 = strconv.ParseFloat(parts[1], 64)
	if err := errors.Join(err1, err2); err != nil {
		return iv, err
	}
	if iv.text = parts[3]; decode {
		iv.Histogram, err = DecodeHistogram(iv.text)
	}
	return iv, err
}

// lineReader tells a last line without its newline from a whole one.
type lineReader struct {
	r *bufio.Reader
	n int
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReaderSize(r, 64<<10)} }

// next returns io.EOF after the last line. whole is false for a last line
// without a newline.
func (l *lineReader) next() (line string, whole bool, err error) {
	var b []byte
	for {
		part, err := l.r.ReadSlice('\n')
		b = append(b, part...)
		switch {
		case len(b) > maxLogLine:
			return "", false, fmt.Errorf("longer than %d bytes", maxLogLine)
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(b) == 0:
			return "", false, io.EOF
		case err != nil && err != io.EOF:
			return "", false, err
		}
		l.n++
		return strings.TrimSuffix(string(b), "\n"), err == nil, nil
	}
}

package disk

import "sync"

// Faulty is a file system that fails where a test wants it to.
type Faulty struct {
	FS
	Fail func(op, name string) error // op: open write sync truncate rename remove syncdir; nil = go on

	mu    sync.Mutex
	calls []string
}

// Calls lists what was done so far, as "op name".
func (f *Faulty) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

func (f *Faulty) at(op, name string) error {
	f.mu.Lock()
	f.calls = append(f.calls, op+" "+name)
	f.mu.Unlock()
	if f.Fail == nil {
		return nil
	}
	return f.Fail(op, name)
}

// Open opens a file whose writes may fail half way.
func (f *Faulty) Open(name string, flag int) (File, error) {
	if err := f.at("open", name); err != nil {
		return nil, err
	}
	file, err := f.FS.Open(name, flag)
	return &faultyFile{file, f, name}, err
}

// Rename fails before it renames.
func (f *Faulty) Rename(from, to string) error {
	if err := f.at("rename", to); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

// Remove fails before it removes.
func (f *Faulty) Remove(name string) error {
	if err := f.at("remove", name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

// SyncDir fails before it syncs.
func (f *Faulty) SyncDir(dir string) error {
	if err := f.at("syncdir", dir); err != nil {
		return err
	}
	return f.FS.SyncDir(dir)
}

type faultyFile struct {
	File
	fs   *Faulty
	name string
}

// Write writes half of b before it fails, as a full disk does.
func (f *faultyFile) Write(b []byte) (int, error) {
	if err := f.fs.at("write", f.name); err != nil {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, err
	}
	return f.File.Write(b)
}

func (f *faultyFile) Sync() error {
	if err := f.fs.at("sync", f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.fs.at("truncate", f.name); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

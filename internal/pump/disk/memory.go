package disk

import (
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Memory is a file system in memory that knows what a power cut would leave: bytes
// that were synced, under names that were synced. The zero value is empty.
type Memory struct {
	mu      sync.Mutex
	names   map[string]*inode
	durable map[string]*inode
}

type inode struct{ data, synced []byte }

// Crash is the file system after a power cut; torn says that of what was not synced
// the first half of the bytes came to the disk.
func (m *Memory) Crash(torn bool) *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := &Memory{names: map[string]*inode{}}
	for name, n := range m.durable {
		data := slices.Clone(n.synced)
		if torn && len(n.data) > len(data) {
			data = slices.Clone(n.data[:(len(n.data)+len(data))/2])
		}
		after.names[name] = &inode{data, slices.Clone(data)}
	}
	after.durable = maps.Clone(after.names)
	return after
}

// Open opens or creates a file.
func (m *Memory) Open(name string, flag int) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.names[name]
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case n == nil:
		if m.names == nil {
			m.names = map[string]*inode{}
		}
		n = &inode{}
		m.names[name] = n
	case flag&os.O_TRUNC != 0:
		n.data = nil
	}
	return &memoryFile{m, n}, nil
}

// ReadFile reads a whole file.
func (m *Memory) ReadFile(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.names[name]
	if n == nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return slices.Clone(n.data), nil
}

// WriteFile makes a file with the given bytes, all of it durable.
func (m *Memory) WriteFile(name string, data []byte) {
	f, _ := m.Open(name, os.O_CREATE|os.O_TRUNC)
	f.Write(data)
	f.Sync()
	m.SyncDir(filepath.Dir(name))
}

// List names what is in a folder.
func (m *Memory) List(dir string) (names []string, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.names {
		if filepath.Dir(name) == dir {
			names = append(names, filepath.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// MkdirAll has nothing to do: folders are names only.
func (m *Memory) MkdirAll(string) error { return nil }

// Rename puts a file in the place of another.
func (m *Memory) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.names[from]
	if n == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	delete(m.names, from)
	m.names[to] = n
	return nil
}

// Remove deletes a file.
func (m *Memory) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.names, name)
	return nil
}

// SyncDir makes the names of a folder durable.
func (m *Memory) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.durable == nil {
		m.durable = map[string]*inode{}
	}
	maps.DeleteFunc(m.durable, func(name string, _ *inode) bool { return filepath.Dir(name) == dir })
	for name, n := range m.names {
		if filepath.Dir(name) == dir {
			m.durable[name] = n
		}
	}
	return nil
}

type memoryFile struct {
	m *Memory
	n *inode
}

// Write appends, whatever the file was opened for.
func (f *memoryFile) Write(b []byte) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.n.data = append(f.n.data, b...)
	return len(b), nil
}

func (f *memoryFile) ReadAt(b []byte, at int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if at >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.n.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memoryFile) Truncate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.n.data = slices.Clone(f.n.data[:size])
	return nil
}

func (f *memoryFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.n.synced = slices.Clone(f.n.data)
	return nil
}

func (f *memoryFile) Close() error { return nil }

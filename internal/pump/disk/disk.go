// Package disk is the little that the engine asks of a file system, so that tests can
// break it: files that are appended to, read and synced, names that appear and go.
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// FS is a file system.
type FS interface {
	Open(name string, flag int) (File, error) // flags of os.OpenFile; new files are for the owner alone
	ReadFile(name string) ([]byte, error)
	List(dir string) ([]string, error) // names in order; none if the folder does not exist
	MkdirAll(dir string) error
	Rename(from, to string) error
	Remove(name string) error
	SyncDir(dir string) error // makes names that appeared or went durable
}

// File is an open file.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// OS is the machine's file system.
type OS struct{}

// Open opens or creates a file.
func (OS) Open(name string, flag int) (File, error) { return os.OpenFile(name, flag, 0o600) }

// ReadFile reads a whole file.
func (OS) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }

// List names what is in a folder.
func (OS) List(dir string) ([]string, error) {
	all, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names, err
}

// MkdirAll makes a folder that is for the owner alone, and those above it.
func (OS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o700) }

// Rename puts a file in the place of another.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove deletes a file.
func (OS) Remove(name string) error { return os.Remove(name) }

// SyncDir waits until the names of a folder are on disk.
func (OS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ErrLocked says that another process works in a folder.
var ErrLocked = errors.New("another engine works in this folder: stop it, or give this one another state.dir")

// Lock takes a folder for this process until the result is closed or the process
// ends, however it ends.
func Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return f, nil
}

//go:build race

package drift

// stride thins simulations: the detector sees no more in a hundred canaries than in twenty,
// and nothing here starts a goroutine.
const stride = 5

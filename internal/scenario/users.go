package scenario

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// visitors is the size of the pool of units.
const visitors = 20_000

// unknownAge is the share of visitors whose age is missing.
const unknownAge = 0.03

// user is a visitor; what is known of one does not change.
type user struct {
	id              string
	country, device string
	age             float64 // years; 0 = not known
}

// choice is a category with its share of the visitors.
type choice struct {
	name  string
	share float64
}

var (
	countries = []choice{{"de", 0.34}, {"fr", 0.24}, {"gb", 0.20}, {"it", 0.13}, {"es", 0.09}}
	devices   = []choice{{"mobile", 0.56}, {"desktop", 0.34}, {"tablet", 0.10}}
)

func pool(rng *rand.Rand) []user {
	users := make([]user, visitors)
	for i := range users {
		u := &users[i]
		u.id = fmt.Sprintf("u-%05d", i)
		u.country, u.device = pick(countries, rng.Float64()), pick(devices, rng.Float64())
		age := math.Round(38 + float64(13*rng.NormFloat64()))
		if rng.Float64() >= unknownAge {
			u.age = min(max(age, 18), 90)
		}
	}
	return users
}

// pick returns the category at u, uniform in [0, 1), of the summed shares.
func pick(choices []choice, u float64) string {
	for _, c := range choices {
		if u < c.share {
			return c.name
		}
		u -= c.share
	}
	return choices[len(choices)-1].name
}

// rank turns u, uniform in [0, 1), into a rank of activity among n: the density
// of n·u^2.5 falls as rank^−0.6, Zipf's law with exponent 0.6. The busiest of
// 20,000 visitors makes 20,000^−0.4 = 1.9 % of the requests.
func rank(u float64, n int) int {
	return min(int(float64(n)*u*u*math.Sqrt(u)), n-1)
}

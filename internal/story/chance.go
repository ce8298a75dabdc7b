package story

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"verdin/schemas"
)

// chance is where a value comes from. The zero value gives none.
type chance struct {
	kind   string // "", "share", "fixed", "normal", "lognormal", "exp", "uniform", "choice"
	a, b   float64
	names  []string
	shares []float64 // summed up
}

// draw gives the next value. Text says that a share's value is a word, not a number:
// word or nothing.
func (c *chance) draw(rng *rand.Rand, word string) schemas.Value {
	switch c.kind {
	case "share":
		yes := rng.Float64() < c.a
		switch {
		case word != "" && yes:
			return schemas.Str(word)
		case word != "":
			return schemas.Value{}
		case yes:
			return schemas.Num(1)
		}
		return schemas.Num(0)
	case "fixed":
		return schemas.Num(c.a)
	case "normal":
		return number(c.a + float64(c.b*rng.NormFloat64()))
	case "lognormal":
		return number(c.a * math.Exp(float64(c.b*rng.NormFloat64())))
	case "exp":
		return number(c.a * rng.ExpFloat64())
	case "uniform":
		return number(c.a + float64((c.b-c.a)*rng.Float64()))
	case "choice":
		u := rng.Float64() * c.shares[len(c.shares)-1]
		for i, s := range c.shares {
			if u < s {
				return schemas.Str(c.names[i])
			}
		}
	}
	return schemas.Value{}
}

// number is x with seven digits: nobody measures more.
func number(x float64) schemas.Value {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 7, 64), 64)
	return schemas.Num(y)
}

// parseChance reads a distribution: "2%", "0.3", "normal 0 1", "de 60% fr 40%", "none".
func parseChance(words []string) (chance, error) {
	two := map[string]bool{"normal": true, "lognormal": true, "uniform": true}
	switch {
	case len(words) == 1 && words[0] == "none":
		return chance{}, nil
	case len(words) == 1 && strings.HasSuffix(words[0], "%"):
		p, err := percent(words[0])
		return chance{kind: "share", a: p}, err
	case len(words) == 1:
		x, err := decimal(words[0])
		return chance{kind: "fixed", a: x}, err
	case len(words) == 3 && two[words[0]], len(words) == 2 && words[0] == "exp":
		c := chance{kind: words[0]}
		var err error
		if c.a, err = decimal(words[1]); err == nil && len(words) == 3 {
			c.b, err = decimal(words[2])
		}
		return c, err
	case len(words)%2 == 0 && len(words) > 0:
		c := chance{kind: "choice"}
		sum := 0.0
		for i := 0; i < len(words); i += 2 {
			p, err := percent(words[i+1])
			if err != nil {
				return c, err
			}
			sum += p
			c.names, c.shares = append(c.names, words[i]), append(c.shares, sum)
		}
		if !(sum > 0.999 && sum < 1.001) {
			return c, fmt.Errorf("the shares add up to %.4g%%: let them be 100%%", 100*sum)
		}
		return c, nil
	}
	return chance{}, fmt.Errorf("%q is no way to draw a value: write 2%%, 0.3, normal MEAN SD, lognormal MEDIAN SIGMA, exp MEAN, uniform LOW HIGH, A 60%% B 40%%, or none", clip(strings.Join(words, " ")))
}

// percent reads "12.5%" as 0.125.
func percent(word string) (float64, error) {
	text, ok := strings.CutSuffix(word, "%")
	x, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil || !(x >= 0 && x <= 100) {
		return 0, fmt.Errorf("%q is no share: write a number from 0%% to 100%%", clip(word))
	}
	return x / 100, nil
}

func decimal(word string) (float64, error) {
	x, err := strconv.ParseFloat(word, 64)
	if err != nil || !(math.Abs(x) <= 1e15) {
		return 0, fmt.Errorf("%q is no number: write one such as 0.3", clip(word))
	}
	return x, nil
}

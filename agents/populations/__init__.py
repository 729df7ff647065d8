"""Populations: people drawn from declared shares, and a check that they are what was declared.

```yaml
population: my town
names: [Ada, Ben]
attributes:  # in any order
  age: {whole: true, bins: {edges: [18, 40, 90], shares: [0.4, 0.6]}}
  job:
    given:
      age:
        ..66: {shares: {nurse: 0.3, teacher: 0.7}}
        66..: {shares: {retired: 1}}
persona: "{name} is {age} years old. Occupation: {job}."
```

An attribute has one of these forms:

| form | of | declares |
|---|---|---|
| `shares` | a text (an occupation, a value) | the share of each text |
| `degrees` | a stance on its `topic`, −2.5 … 2.5 | shares of the six degrees, disagreement first |
| `bins` | a number | shares of the intervals between `edges`; the last edge is no more in |
| `uniform` | a number | `low` and `high` |
| `normal` | a number (a Big Five trait 0–1) | `mean`, `sd`, and `low` and `high` that cut it |
| `given` | any of these | a form for each value or range (`18..30`, `65..`) of one other attribute, `else` |

Shares sum to 1. Cases of a `given` may hold a `given` on a further attribute. `whole: true` makes
numbers whole, `words` say how the text tells them, `correlations` join numbers by a Gaussian copula.

| module | what it does |
|---|---|
| `spec` | what a population file may declare |
| `draw` | people, as a Polars frame |
| `fit` | whether people are distributed as declared |
| `files` | populations and people as files; the ready populations are in `ready/` |

The ready populations are invented: no share in them is a fact about anybody.
"""

"""Training data from a run: what is comparable in it, in which formats, and the folder that holds it.

| format | one row is | columns of its own | for |
|---|---|---|---|
| `dpo` | two answers to one question | `prompt`, `chosen`, `rejected` (messages) | DPO and its kin |
| `reward` | the same | `chosen`, `rejected` (whole conversations) | reward models |
| `kto` | one answer | `prompt`, `completion` (messages), `label` | KTO |
| `sft` | one answer, told apart by `purpose` | `messages` | supervised fine-tuning |
| `ranked` | all answers to one question, best first | `prompt`, `responses`, `rewards`, `judges`, `score_matrix` (judge × response), `preference_matrix` (response × response) | PRO, MNPO |
| `critiques` | an answer and what somebody said of it | `prompt`, `output`, `judgment`, `score` | CUT |
| `revisions` | answers to one question in one of three sets | `set`, `prompt`, `responses`, `scores` | Stable Alignment |
| `rollouts` | one turn of an agent | `prompt_ids`, `completion_ids`, `own`, `logprobs`, `reward`, `final_reward` | online RL |

Every row says where it came from: `run`, `scenario`, `episode`, calls, agents, policies, and the
scores with who gave them (`schemas.py` has each column with its type).
"""

trial=$(surmise ask shared --wait)
get() { echo "$trial" | python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
value=$(python3 train.py --lr "$(get '["configuration"]["lr"]')")
surmise tell shared "$(get '["trial"]')" "$value"

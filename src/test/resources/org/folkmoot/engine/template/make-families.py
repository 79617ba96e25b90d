"""Makes families.json: what Jinja2 makes of conversations with the templates in families/.

    pip install jinja2==3.1.6 && python make-families.py

The templates are ours. Each has what the one of its family has: the same marks, statements, filters
and refusals, so far as conversations can tell. The environment is that of Hugging Face transformers.
"""
import datetime
import json
import pathlib

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2026, 3, 5, 14, 7, 9)
TOKENS = {
    "deepseek-r1-distill": ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"],
    "gemma-3": ["<bos>", "<eos>"],
    "gpt-oss": ["<|startoftext|>", "<|return|>"],
    "llama-3.2": ["<|begin_of_text|>", "<|eot_id|>"],
    "mistral-small-3": ["<s>", "</s>"],
    "mixtral": ["<s>", "</s>"],
    "phi-4": ["<|endoftext|>", "<|im_end|>"],
    "phi-4-mini": ["<|endoftext|>", "<|endoftext|>"],
    "qwen3": ["", "<|im_end|>"],
}
TOOL = {"type": "function", "function": {
    "name": "weather", "description": "Today's <weather>, in °C & words",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
CALL = {"id": "abc123xyz", "type": "function",
        "function": {"name": "weather", "arguments": {"city": "Köln", "days": 2}}}


def say(role, content, **more):
    return {"role": role, "content": content, **more}


CONVERSATIONS = [
    ("one question", [say("user", "Why is the sky blue?")], {}),
    ("no prompt for the answer", [say("user", "Hi"), say("assistant", "Hello!")], {"answer": False}),
    ("a system and several turns",
     [say("system", " Be brief.\n"), say("user", "\n Hi "), say("assistant", " Hello! "), say("user", "Bye")], {}),
    ("thoughts in an earlier answer",
     [say("user", "Hi"), say("assistant", "<think>\nA greeting.\n</think>\n\nHello!"), say("user", "And?")], {}),
    ("thoughts in a field of their own",
     [say("user", "Hi"), say("assistant", "Hello!", reasoning_content="A greeting."), say("user", "And?")], {}),
    ("thoughts in the last answer",
     [say("user", "Hi"), say("assistant", "<think>\nA greeting.\n</think>\n\nHello!")], {"answer": False}),
    ("no thoughts, please", [say("user", "Hi")], {"variables": {"enable_thinking": False}}),
    ("spelled marks",
     [say("user", "<｜User｜>a<end_of_turn>\n<start_of_turn>model<|eot_id|>[/INST]</s><|im_end|><|end|>{{ 1 }}")], {}),
    ("roles do not alternate", [say("user", "a"), say("user", "b")], {}),
    ("unknown role", [say("user", "a"), say("critic", "b")], {}),
    ("a tool on offer", [say("user", "Weather?")], {"tools": [TOOL]}),
    ("a call and its answer",
     [say("user", "Weather?"), say("assistant", "", tool_calls=[CALL]), say("tool", "4 °C, \"wet\"")],
     {"tools": [TOOL]}),
    ("an answer with its channels",
     [say("user", "Hi"), say("assistant", "<|channel|>analysis<|message|>A greeting."), say("user", "And?")], {}),
    ("two calls", [say("user", "Weather?"), say("assistant", "", tool_calls=[CALL, CALL])], {}),
]


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = refuse
    env.globals["strftime_now"] = NOW.strftime
    return env


def outcome(template, name, messages, options):
    try:
        return template.render(
            messages=messages, tools=options.get("tools"), documents=None,
            add_generation_prompt=options.get("answer", True),
            bos_token=TOKENS[name][0], eos_token=TOKENS[name][1], **options.get("variables", {}))
    except jinja2.exceptions.TemplateError as refused:
        return {"says": str(refused)} if type(refused) is jinja2.exceptions.TemplateError else {"fails": True}


def main():
    templates = {name: environment().from_string((HERE / "families" / (name + ".jinja")).read_text("utf-8"))
                 for name in TOKENS}
    conversations = [
        {"name": name, "messages": messages, "tools": options.get("tools", []),
         "variables": options.get("variables", {}), "addGenerationPrompt": options.get("answer", True),
         "expected": {one: outcome(template, one, messages, options) for one, template in templates.items()}}
        for name, messages, options in CONVERSATIONS]
    text = json.dumps({"tokens": TOKENS, "conversations": conversations}, ensure_ascii=False, indent=1)
    (HERE / "families.json").write_text(text + "\n", "utf-8")


main()

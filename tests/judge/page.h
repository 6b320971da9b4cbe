// The head of the report's page.
#pragma once

namespace containerizer::judge {

inline constexpr const char* page_head = R"html(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>The judge's report</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 }
th, td { text-align: left; padding: .2em 1em .2em 0; border-bottom: 1px solid #ddd }
tr.failed td { color: #a00; font-weight: bold }
pre { background: #f6f6f6; padding: .6em; overflow-x: auto; font-size: 13px }
small { color: #666 }
details.case { border-left: 4px solid #4a4; margin: .2em 0; padding-left: .6em }
details.failed { border-color: #c00 }
details.skipped { border-color: #bbb }
details.case i { display: inline-block; min-width: 4em }
.step { margin: .1em 0; padding-left: 1.2em }
details.step > summary { margin-left: -1.2em }
.step code { display: inline-block; width: 5em; text-align: right }
.time { display: inline-block; position: relative; width: 12em; height: .7em; background: #eee }
.bar { position: absolute; height: 100%; min-width: 2px; background: #47a }
</style></head><body>
<h1>The judge's report</h1>
<p>Each case states a rule of the protocol. Open a case to see what was expected and seen.
A failed case also has its steps, with the frames as text, and the processes at its end.</p>
)html";

}  // namespace containerizer::judge

"""The wordings that an instruction to a language model has: what `core.injection` looks for, in five languages.

Every pattern is read against one sentence in lower case of at most 600 characters, and has no repetition
inside a repetition: its time is linear in the sentence. `WORDS` name what must occur before a pattern is tried,
which makes the usual sentence cost a few substring searches.
"""

import re
from collections.abc import Iterable

Phrase = tuple[tuple[str, ...], re.Pattern[str]]

_NEAR = r"[^\n]{0,60}?"
_OUTPUT = (
    r"(?:response|answer|reply|replies|output|message|summary|completion|text|explanation|elucidation|translation"
    r"|antwort|respuesta|réponse|回答|回复|答案)s?"
)
_OWN = r"(?:your|its|ihre[rnm]?|deine[rnm]?|tu|su|vuestra|ta|votre|你的|您的)"
_RULES = (
    r"(?:instruction|prompt|rule|guideline|direction|directive|command|order|constraint|restriction|policy|policies"
    r"|safeguard|filter|context|training|programming|message|request|question|task|text|system"
    r"|anweisung|vorgabe|regel|befehl|instruccion|instrucción|regla|orden|consigne|règle|directive)\w*"
)
_EARLIER = (
    r"(?:previous|prior|above|earlier|preceding|foregoing|all|any|every|everything|your|other|existing|original|initial"
    r"|system|safety|the user|former|vorherige|bisherige|obige|alle|anterior|previa|toda|précédent|toutes)"
)


def _phrase(words: str, *patterns: str) -> Phrase:
    return tuple(words.split("|")), re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


PHRASES: dict[str, Phrase] = {
    "override": _phrase(
        "ignor|disregard|forget|overrid|bypass|discard|neglect|supersede|do not follow|don't follow|vergiss|missacht"
        "|olvid|oubli|忽略|无视|忘记|忽視|不要遵",
        rf"\b(?:ignore|disregard|forget(?! to\b)|override|bypass|discard|neglect)\b{_NEAR}\b{_EARLIER}\w*\b{_NEAR}\b{_RULES}",
        r"\b(?:ignore|disregard|forget) (?:everything|all|anything|what)\b[^\n]{0,30}\b(?:above|before|said|told|previous)",
        rf"\b(?:these|this|the|following) {_RULES}\b{_NEAR}\b(?:override|supersede|take precedence over)s?\b",
        rf"\b{_EARLIER} {_RULES}\b[^\n]{{0,20}}\b(?:no longer|do not|don't|does not|doesn't) (?:apply|count|matter|hold)\b",
        rf"\b(?:do not|don't) follow\b{_NEAR}\b{_RULES}",
        rf"\b(?:ignorier\w*|vergiss|vergessen sie|missachte\w*)\b{_NEAR}\b(?:anweisung|vorgabe|regel|befehl)\w*",
        rf"\b(?:ignora|ignore|olvida|olvide)\w*\b{_NEAR}\b(?:instruccion|instruccio|orden|regla)\w*",
        rf"\b(?:ignore|oublie|ignorez|oubliez)\w*\b{_NEAR}\b(?:instruction|consigne|règle)\w*",
        r"(?:忽略|无视|忘记|忽視|不要遵\w)[^\n]{0,20}(?:指令|指示|说明|規則|规则|提示|要求|内容)",
    ),
    "chat_token": _phrase(
        "<|im_|[inst]|<<sys>>|<|system|<|user|<|assistant|<|endoftext|<|eot|<|start_header|</context|</passage"
        "|</document|</source|<system|[system|### instruction|### system|### response|</untrusted|</user|start_of_turn"
        "|begin system|end of context|end of document",
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|?>?",
        r"\[/?inst\]|<<sys>>|<start_of_turn>|\[/?system\]",
        r"</(?:context|passages?|documents?|system|untrusted)(?: prompt|_prompt|_message)?>|<system(?:_prompt|_message)?>",
        r"###? ?(?:instruction|system|response)s?:?\s*$|###? ?(?:new |system )?(?:instruction|prompt)s?:",
        r"[-=\[*]{2,} ?(?:begin|end|start)(?: of)?(?: the)? (?:system|context|documents?|user|prompt|instructions)",
    ),
    "role_line": _phrase(
        "system|assistant|developer|ai:|human:",
        r"^\W{0,4}(?:system|assistant|developer|ai|human)(?: (?:message|prompt|note|override|instruction|notice))?\W{0,3}:\s",
    ),
    "persona": _phrase(
        "you are|you're|act as|pretend|from now on|roleplay|role-play|your new|new task|new instruct|jailbr|du bist|sie sind"
        "|ab jetzt|von nun an|eres|a partir de ahora|tu es |vous êtes|désormais|你现在|你是|从现在|扮演",
        r"\byou(?: are|'re) (?:now|hereby|from now on) (?:an?\b|the\b|in \w+ mode|[a-z]{2,12}[,.])",
        r"\byou(?: are|'re) (?:an?|the|my) (?:\w+ ){0,3}(?:assistant|ai|chatbot|bot|model|agent|hacker|pirate|dan)\b",
        r"^(?:\w+,? ){0,2}(?:act|behave|respond|answer|speak|talk) (?:as|like) (?:if you|an?|the|though)\b",
        r"^(?:\w+,? ){0,2}pretend (?:to be|that you|you)\b|\brole-?play as\b",
        r"\bfrom now on,? (?:you|always|never|every|respond|answer|speak|only|reply)\b",
        r"\byour new (?:task|instruction|objective|persona|name|purpose|role|job|goal)s? (?:is|are|will be)\b"
        r"|\bnew instructions?\s*:",
        r"\b(?:ab jetzt|von nun an)\b[^\n]{0,30}\b(?:du|sie|antwort)|\bdu bist (?:jetzt|nun|ein)\b",
        r"\ba partir de ahora\b|\bahora eres\b|\beres (?:ahora|un asistente)\b",
        r"\b(?:tu es|vous êtes) (?:maintenant|désormais|un assistant)|\bdésormais,? (?:tu|vous|répond)",
        r"你现在是|从现在(?:起|开始)|你是一[个名]|扮演",
    ),
    "addressed": _phrase(
        "assistant|chatbot|language model|llm| ai |ai:|ai,|ai!|a.i.|gpt|copilot|claude|gemini|bot |bots|agents|sprachmodell"
        "|ki-|asistente|modèle|modelo|助手|模型|人工智能|机器人",
        r"\b(?:attention|note|notice|important|message|instructions?|hint|hello|hey|hi|dear)\b[^\n]{0,20}"
        r"\b(?:ai|llms?|assistants?|chatbots?|bots?|language models?|agents?|gpt|copilot|claude|gemini)\b",
        r"\bif you(?: are|'re) (?:an? )?(?:\w+ ){0,2}(?:ai|llm|assistant|chatbot|bot|language model|agent)\b",
        r"\b(?:as|being) an? (?:\w+ )?(?:ai|llm|language model|ai assistant)\b",
        r"\b(?:any|all|every) (?:ai|llm|language model|assistant|chatbot)s?\b[^\n]{0,30}\b(?:must|should|shall|has to)\b",
        r"\b(?:an|den|liebe[rs]?) (?:ki|assistent|sprachmodell)|\bki-assistent",
        r"\b(?:asistente|modelo de lenguaje|assistant ia|modèle de langage)\b",
        r"(?:ai|人工智能|智能)助手|语言模型|聊天机器人",
    ),
    "secrecy": _phrase(
        "tell|mention|reveal|disclose|inform|notify|alert|secret|silently|hide|nicht|no digas|no menciones|sin decir"
        "|ne dis|ne mentionn|sans le dire|不要告诉|不要提|别告诉|隐藏",
        r"\b(?:do not|don't|never|must not|without)\b[^\n]{0,20}"
        r"\b(?:tell\w*|mention\w*|reveal\w*|disclos\w*|inform\w*|notify\w*|alert\w*|show\w*|acknowledg\w*)\b"
        r"[^\n]{0,40}\b(?:user|reader|human|person|anyone|anybody|instruction|prompt|this|them|him|her)\b",
        r"\b(?:secretly|silently|covertly)\b[^\n]{0,40}\b(?:send|add|include|append|insert|forward|post|collect|replace)",
        r"\b(?:sag|erwähn|verrat|teile?)\w*\b[^\n]{0,40}\b(?:nutzer|benutzer|anwender|niemand)\w*[^\n]{0,20}\bnicht",
        r"\b(?:dem|der|den) (?:nutzer|benutzer|anwender)\w*\b[^\n]{0,20}\bnicht",
        r"\bno (?:le )?(?:digas|menciones|reveles)\b|\bne (?:le )?(?:dis|dites|mentionne\w*|révèle\w*) (?:pas|rien)",
        r"(?:不要|别|不得)(?:告诉|提及|提到|透露)",
    ),
    "leak": _phrase(
        "prompt|instruction|password|secret|credential|api key|conversation|chat history|confidential|context|documents"
        "|passwort|contraseña|mot de passe|提示|密码|指令",
        r"\b(?:reveal|print|repeat|show|output|display|recite|leak|dump|list|disclose|share|tell me|give me|write out|quote)\b"
        r"[^\n]{0,40}\b(?:system prompt|initial prompt|hidden prompt|your (?:\w+ )?(?:prompt|instructions|rules)"
        r"|the prompt|chat history|conversation history|full context|other documents|(?:all|every) (?:the |other )?documents?|everything above)\b",
        r"\b(?:gib|zeige?|nenne|wiederhole)\b[^\n]{0,40}\b(?:system-?prompt|anweisungen|passwort|passwörter)",
        r"\b(?:muestra|revela|repite|imprime)\b[^\n]{0,40}\b(?:prompt|instrucciones|contraseña)",
        r"\b(?:affiche|révèle|répète|montre)\w*\b[^\n]{0,40}\b(?:prompt|instructions|mot de passe)",
        r"(?:输出|显示|重复|泄露|打印)[^\n]{0,20}(?:提示词|系统提示|指令|密码)",
    ),
    "exfiltration": _phrase(
        "http|www.|@|url|webhook|endpoint|address|![|server",
        r"\b(?:send|post|forward|append|transmit|upload|exfiltrate|submit|encode|leak|email|include|add|attach)\b"
        r"[^\n]{0,80}\b(?:conversation|chat history|the user's \w+|passwords?|secrets?|credentials?|api keys?|tokens?|context"
        r"|prompt|other documents|passages|everything|confidential \w+|personal data)\b[^\n]{0,60}(?:https?:|www\.|\burl\b|webhook"
        r"|endpoint|\S@\S+\.\w|\bserver\b)",
        r"!\[[^\]\n]{0,80}\]\([^)\s]{0,200}[?&][\w.-]{1,30}=(?:[^)\s]{0,40}(?:\{|\[|<|%7b|\$)|data|secret|answer|context)",
        r"https?://\S{1,150}[?&][\w.-]{1,30}=(?:\{|\[|<|%7b)[\w .-]{2,60}(?:\}|\]|>|%7d)",
        r"\b(?:sende|schicke|envía|envíe|envoie|envoyez|发送)[^\n]{0,80}(?:https?:|www\.|\S@\S+\.\w)",
    ),
    "dictated": _phrase(
        "you must|you shall|you should|you have to|you need to|you will|reply|respond|answer|say|print|output|write|begin|start|end|conclude|repeat|antwort|schreib|respond|contest|répond"
        "|écri|回答|回复|输出|打印|说",
        r"\b(?:reply|respond|answer) (?:only |just |simply |always |exactly |instead )+(?:with|by|in)\b",
        r"^(?:\w+,? ){0,2}(?:reply|respond|answer) with\s?(?:[:\"'“]|the (?:word|phrase|sentence|text|string|following))",
        r"^(?:(?:please|now|then|instead|always|only|just|and),? ){0,2}(?:say|print|output|write|repeat|return|emit)(?: only| exactly| just| out)?"
        r" (?:the following|this|exactly)\b[^\n]{0,20}[:\"'“]",
        r"^(?:instead|only|always),? (?:say|print|output|reply|respond|answer|write|return|tell)\b(?! things| so\b)",
        r"\byou (?:must|shall|should|have to|need to|will) (?:now |always |only |first )?"
        r"(?:reveal|print|output|ignore|obey|repeat|append|disregard)\b",
        rf"\b(?:begin|start|end|conclude|finish|close|preface|prefix|sign)\b[^\n]{{0,12}}\b(?:every|each|all|{_OWN})\b"
        rf"[^\n]{{0,20}}\b{_OUTPUT}",
        r"\b(?:antworte|antworten sie|schreibe?)\b[^\n]{0,20}\b(?:nur|immer|ausschließlich|stattdessen|mit den worten)\b",
        r"\b(?:responde|contesta|escribe|di)\b[^\n]{0,12}\b(?:solo|sólo|siempre|únicamente|exactamente)\b",
        r"\b(?:réponds|répondez|écris|écrivez|dis|dites)\b[^\n]{0,12}\b(?:seulement|uniquement|toujours|exactement)\b",
        r"(?:只|仅|始终|请|必须)(?:回答|回复|输出|打印)|(?:输出|打印)(?:以下|：|:)",
    ),
    "own_output": _phrase(
        "response|answer|reply|replies|output|message|summary|completion|text|explanation|elucidation|translation"
        "|antwort|respuesta|réponse|回答|回复|答案",
        rf"\b{_OWN} (?:next |final |entire |whole |full |last )?{_OUTPUT}\b(?! (?:time|by|is|are|will|was|to our))",
        rf"\b(?:every|each|all|any) (?:of )?(?:{_OWN} )?{_OUTPUT}\b",
        r"(?:你的|您的|在)(?:回答|回复|答案)",
    ),
    "asker": _phrase(
        "user|reader|visitor|asker|nutzer|usuario|utilisateur|用户",
        r"\b(?:tell|inform|ask|instruct|convince|persuade|advise|urge|warn)\b"
        r" (?:the |all |every |any |each )?(?:users?|readers?|person asking|visitors?|asker)\b(?! (?:that|if|about|of|when) (?:we|our))",
        r"\b(?:the user|users) (?:must|should|needs? to|has to|have to)\b[^\n]{0,40}\b(?:click|visit|download|install|log ?in"
        r"|enter|confirm|verify|open|call|pay|send)\b",
        r"\b(?:sage?|teile?|bitte)\b[^\n]{0,12}\b(?:dem|den) (?:nutzer|benutzer|anwender)",
        r"\b(?:dile?|pide|informa) al usuario\b|\b(?:dis|demande|dites|demandez) à l.utilisateur\b|告诉用户|要求用户",
    ),
    "letters": _phrase(
        "letter|vowel|consonant|punctuation|spaces|typo|misspel|anagram|scrambl|jumbl|uppercase|lowercase|capital|emoji"
        "|substitut|base64|rot13|morse|pig latin|backwards|reverse|symbols|rhym|cipher",
        r"\b(?:letters?|vowels?|consonants?|punctuation|spaces?|typos?|misspell\w*|anagram\w*|scrambl\w*|jumbl\w*|uppercase"
        r"|lowercase|capital(?:s| letters)|emojis?|substitut\w*|base64|rot13|morse|pig latin|backwards|reversed?|symbols?"
        r"|rhymes?|ciphers?|every (?:\w+ )?word)\b",
    ),
    "decode": _phrase(
        "decod|base64|rot13|hex|decrypt|decipher|execute|dekodier|decodif|décod|解码",
        r"\b(?:decode|decrypt|decipher|unscramble|dekodiere|decodifica|décode) (?:and|this|the|it|these|what|diese|den|la|el|le)\b",
        r"\b(?:base64|rot13|hex(?:adecimal)?)\b[^\n]{0,60}\b(?:follow|execute|obey|instruction|do what|run|carry out)",
        r"解码",
    ),
    "task": _phrase(
        "explain|write|compose|draft|translate|describe|provide|develop|break down|summari|create|generate|tell me|give me"
        "|show me|craft|outline|define|list|solve|calculate|recommend|suggest|name |erklär|schreib|übersetz|escrib|traduc"
        "|explica|écri|tradui|expliqu|写|翻译|解释",
        r"^(?:please |kindly |now |also |then |and |next,? )*(?:can|could|would|will)? ?(?:you )?(?:please )?"
        r"(?:explain|write|compose|draft|translate|describe|provide|develop|break down|summari[sz]e|create|generate|tell me"
        r"|give me|show me|craft|outline|define|solve|calculate|recommend|suggest|name|invent|recite)\b"
        r"(?! (?:to\b|your|our|us|them|it\b|its|his|her|their|this|these|that\b|any))",
        r"^(?:bitte )?(?:erkläre?|schreibe?|übersetze?|verfasse?)\b|^(?:por favor,? )?(?:escrib[ea]|traduc[ei]|explica|explique)\b"
        r"|^(?:écri[st]|écrivez|tradui[ts]|traduisez|explique[zr]?)\b|^请?(?:写|翻译|解释)",
    ),
    "genre": _phrase(
        "poem|story|essay|speech|letter|haiku|song|joke|limerick|recipe|rap|sonnet|lyric|introduction|paragraph|function"
        "|equivalent|french|spanish|german|russian|japanese|chinese|italian|english|synonym|plot|script|tweet|slogan"
        "|gedicht|geschichte|poema|cuento|poème|histoire|诗|故事",
        r"\b(?:an?|the|some|short|simple) (?:\w+ ){0,2}(?:poems?|story|stories|essay|speech|haiku|song|jokes?|limerick|recipe"
        r"|rap|sonnet|lyrics|letter|introduction|paragraph|tweet|slogan|function|program|script|plot)\b",
        r"\b(?:to|in|into|from) (?:french|spanish|german|russian|japanese|chinese|italian|english|latin|portuguese|korean"
        r"|arabic|hindi|dutch|swedish)\b|\b(?:french|spanish|german|russian|japanese|chinese|italian) (?:equivalent|for|word)\b",
        r"\b(?:gedicht|geschichte|poema|cuento|poème|histoire)\b|诗|故事",
    ),
    "question": _phrase(
        "what|who|how|why|when|where|which|was |wer |wie |warum|qué|quién|cómo|cuál|quel|qui |comment|pourquoi|什么|谁|如何"
        "|为什么|哪",
        r"^(?:what(?:'s| is| are| was| were| does| do| did| causes?)|who(?:'s| is| was| were| \w+ed| wrote| won)|how (?:do|does"
        r"|did|is|are|many|much|old|far|tall|can)|why (?:is|are|do|does|did)|when (?:is|was|did|were)|where (?:is|are|was|did)"
        r"|which)\b[^\n]{4,160}\?",
        r"^(?:was|wer|wie|warum|wann|wo|qu[eé]|quién|cómo|cuál|¿[^\n]{3,}|quel\w*|qui|comment|pourquoi)\b[^\n]{4,160}\?",
        r"(?:什么|谁|如何|为什么|哪)[^\n]{0,60}[?？]",
    ),
    "code_lead": _phrase(
        "code|snippet|script|block",
        r"\b(?:following|subsequent|below|ensuing|accompanying|this|next)\b[^\n]{0,30}"
        r"\b(?:code|snippet|script)(?: (?:block|snippet|excerpt|section|fragment|segment|piece|part))?\b",
    ),
    "own_work": _phrase(
        "your|you develop|you write|you produce",
        r"\b(?:your|the) (?:\w+ ){0,3}(?:code(?:base)?|solution|implementation|algorithm|program|app(?:lication)?|script)\b"
        r"|\bcode (?:that )?you (?:develop|write|produce|generate|provide)\b",
    ),
    "push_link": _phrase(
        "http|www.|.com|.xyz|.net|.org|@",
        r"\b(?:visit|click|download|install|go to|log ?in|sign in|update|verify|buy|register|contact|reach out|join|check out"
        r"|redirect\w*|link\w*|point\w*|direct\w*|promot\w*|offer\w*|suggest\w*|recommend\w*)\b[^\n]{0,100}"
        r"(?:https?://|www\.|\b[\w-]{2,40}\.(?:com|xyz|net|org|io|co|ru|info|biz|top)\b|\S@\S+\.\w)",
    ),
    "imperative": _phrase(
        "",
        r"^(?:please |kindly |now |also |then |next,? |and |in (?:your|the) (?:\w+ )?\w+,? |don't (?:hesitate|forget) to |"
        r"consider |ensure (?:that )?|make sure (?:to|that) |keep in mind to |remember to |always |never |instead,? |"
        r"only |secretly |silently |important:? )*"
        r"(?:(?:add|append|insert|include|embed|integrate|incorporate|augment|enhance|adapt|modify|change|replace|convert|remove|use|provide|introduce|execute|suggest"
        r"|mention|recommend|end|begin|start|finish|sign|rewrite|reply|respond|answer|say|print|output|write(?! to\b)|repeat|tell"
        r"|inform|ask|translate|format|make|put|state|spell|encode|decode|send|show)\b"
        # A verb that no list names: a first word, and behind it what begins its object.
        r"|[a-z]{3,12}(?<!ing)(?<!ed)(?<!ly)(?<!ies)(?<!ss)(?<!is)(?<!as) (?:the|an?|your|every|all|any|random|each)\b)",
    ),
}
"""What each pattern is called is the name of its weight in `injection.json`, and the kind of a suspicion."""

CONTEXT_WORDS = frozenset((
    "someone", "people", "project", "teammate", "teammates", "employee", "employees",
    "we", "our", "us", "ours", "i", "me", "my", "mine", "this", "these", "that", "those", "it", "its", "they", "them",
    "their", "he", "she", "his", "her", "here", "there", "today", "tomorrow", "team", "company", "customer",
    "customers", "wir", "unser", "unsere", "ich", "nosotros", "nuestro", "nous", "notre", "nos", "je", "我们", "本",
))  # fmt: skip
"""Words by which a sentence belongs to the text around it."""

SENDING = re.compile(
    r"requests\.|urllib|http\.client|httpx|aiohttp|socket|smtplib|ftplib|paramiko|yagmail|curl |wget|fetch\(|publish"
)
RUNNING = re.compile(
    r"subprocess|os\.system|exec\(|eval\(|popen|chmod \+x|\brm -rf|dd if=|os\.remove|shutil\.|nohup"
)
TAKING = re.compile(
    r"os\.environ|cookie|psutil|passwd|\.ssh|pickle|check_output|usb\.|sounddevice|bluetooth|contacts|password|token"
    r"|getenv|keyring|history"
)


def possible(text: str) -> list[str]:
    """Return the names of the patterns of whose words the text, in lower case, has one."""
    return [name for name, (words, _) in PHRASES.items() if any(word in text for word in words)]


def found(names: Iterable[str], sentence: str) -> dict[str, re.Match[str]]:
    """Return the first match of each named pattern that the sentence, in lower case, has."""
    matches = {}
    for name in names:
        words, pattern = PHRASES[name]
        if any(word in sentence for word in words):
            match = pattern.search(sentence)
            if match is not None:
                matches[name] = match
    return matches

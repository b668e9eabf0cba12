"""The word lists of `benchmarks.paraphrases`: one for development, one for the report, with nothing in common."""

from dataclasses import dataclass

from benchmarks.intervals import Part

Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What one part's documents and questions are made of."""

    synonyms: tuple[tuple[str, str, str], ...]
    """A sentence that answers, the question in other words, a sentence that shares the question's words."""
    acronyms: tuple[tuple[str, str], ...]
    things: Lines
    companies: Lines
    phrases: tuple[tuple[str, str, str], ...]
    errors: Lines
    settings: Lines
    releases: Lines
    articles: Lines
    year: int
    numbers: range


# fmt: off
WORDS: dict[Part, Words] = {
    "development": Words(
        synonyms=(
            ("Full-time staff accrue 26 days of annual leave in a calendar year.",
             "How much vacation do I get?",
             "How much you get from the vending machine depends on the coins you put in."),
            ("Every new hire receives a laptop on the first morning.", "When will I be given my computer?",
             "When the computer room was given new carpets, I was asked for my opinion."),
            ("Outlays for business trips are reimbursed with the next salary.",
             "When do I get my travel expenses back?",
             "I travel back and forth by train when I get the chance."),
            ("Either side may terminate the contract with three months' notice.",
             "How long before leaving must I quit my job?",
             "A long job must be split before leaving the queue."),
            ("Remuneration is transferred on the 27th of each month.", "On what date are wages paid?",
             "What was paid on that date is on the receipt."),
            ("Physicians' notes are due on the third day of absence.",
             "When do I have to hand in a doctor's certificate if I am sick?",
             "Hand in the first aid certificate when you have finished the course."),
            ("Automobiles may be left behind building C free of charge.",
             "Where can I park my car for nothing?",
             "My car has nothing to do with where the park benches are."),
            ("The cafeteria serves dishes without meat every day.", "Is there vegetarian food at lunch?",
             "Is there a lunch for the volunteers on Friday?"),
            ("Infants of employees have a place in the nursery from the age of one.",
             "Does the firm offer child care?",
             "The firm does offer care packages to its customers."),
            ("Overtime is compensated with time in lieu within six weeks.",
             "What happens with the extra hours I worked?",
             "What happens with extra parts is written on the label."),
            ("Personnel may do their duties from their residence two days a week.", "Can I work at home?",
             "The home page can be changed at work."),
            ("Mislaid access badges must be declared to the gatekeeper without delay.",
             "I lost my key card, whom do I tell?",
             "Tell the card player whom I lost against that the key is C minor."),
            ("The firm bears tuition for job-related courses up to a ceiling of 2,000 euros.",
             "Will the company pay for my studies?",
             "The company will pay for my new desk."),
            ("Wedding anniversaries and nuptials give one day off with pay.",
             "Do I get a free day when I marry?",
             "When I get a free ticket I do not pay for the day."),
            ("Elevators must not be used once the siren sounds.", "May we take the lift during a fire alarm?",
             "We may take the alarm clock during the move."),
            ("Retirement contributions are matched up to four percent of earnings.",
             "How much does my employer add to my pension?",
             "How much my employer knows does not add up."),
        ),
        acronyms=(("PTO", "paid time off"), ("SLA", "service level agreement"), ("QRB", "quality review board"),
                  ("TLP", "transfer ledger posting"), ("BCP", "business continuity plan"),
                  ("DPO", "data protection officer"), ("KSW", "key supplier watchlist"),
                  ("MFO", "mobile field office"), ("RMA", "return merchandise authorisation"),
                  ("UAT", "user acceptance testing"), ("CIG", "customer interview guide"),
                  ("PIR", "post incident review")),
        things=("projector", "dishwasher", "photocopier", "refrigerator", "whiteboard", "telescope",
                "generator", "thermostat", "microphone", "calculator", "ventilator", "compressor"),
        companies=("Harlow", "Tessin", "Brandt", "Okoye", "Lumen", "Varga"),
        phrases=(("green", "door", "policy"), ("second", "signature", "rule"), ("quiet", "hour", "agreement"),
                 ("red", "ledger", "review"), ("open", "shelf", "inventory"), ("early", "harvest", "plan"),
                 ("north", "gate", "rota"), ("silent", "bid", "round"), ("heavy", "load", "permit"),
                 ("blank", "page", "exercise"), ("warm", "seat", "scheme"), ("dry", "run", "checklist")),
        errors=("ERR-4021", "ERR-4012", "ERR-4120", "ERR-4201", "WRN-0417", "WRN-0471"),
        settings=("retry_max_delay", "retry_min_delay", "max_retry_count", "cache_file_size",
                  "cache_size_limit", "file_cache_path"),
        releases=("v2.3.1", "v2.3.10", "v2.1.3", "v3.2.1", "v1.2.3", "v2.31.0"),
        articles=("PX-7720-B", "PX-7720-C", "PX-7702-B", "KT-3301-A", "KT-3310-A", "KT-3301-D"),
        year=2023, numbers=range(11, 99, 2),
    ),
    "report": Words(
        synonyms=(
            ("Parents are granted fourteen weeks of maternity leave with full salary.",
             "How long can I stay away after having a baby?",
             "How long the baby carrots can stay in the fridge after opening is on the bag."),
            ("Mobile phones issued by the organisation may be used privately.",
             "Am I allowed to call my family with the work handset?",
             "My family name is what they call when it is my turn to work."),
            ("Invoices are settled within 30 days of receipt.", "When will a supplier's bill be paid?",
             "When Bill paid a visit, a supplier was there."),
            ("Candidates are chosen after two conversations and a practical task.",
             "How does hiring of applicants work?",
             "How the hiring of bicycles does work is shown at the station."),
            ("Raises are discussed each November.", "When can I ask for more money?",
             "Ask for more money boxes when the last one is full."),
            ("Rubbish is collected on Tuesdays and Fridays.", "On which days is the trash picked up?",
             "On some days the phone is picked up by which colleague sits nearest."),
            ("Guests have to be announced a day ahead and stay in company of their host.",
             "May I bring a visitor to the building?",
             "The building may bring back memories to a visitor."),
            ("Faulty goods are replaced at no cost for twenty-four months.",
             "How long is the warranty on broken products?",
             "How long broken products lie on the belt is counted."),
            ("Footwear with steel caps is compulsory in the assembly hall.",
             "Do I need safety shoes on the factory floor?",
             "I need the floor plan; do shoes go into the safety locker?"),
            ("Confidential papers go into the locked grey container.",
             "Where do I throw away secret documents?",
             "Where I throw the ball away is no secret."),
            ("Colleagues fluent in a foreign language draw an allowance of 80 euros.",
             "Is there a bonus for speaking Spanish?",
             "There is a speaking clock for the bonus round."),
            ("A smoke break is possible in the courtyard only.", "Where are cigarettes permitted?",
             "Where vehicles are permitted is shown on the map."),
            ("Purchases above 500 euros require the consent of a department head.",
             "Who must approve when I buy something expensive?",
             "Something must have happened when I saw who came by."),
            ("Pets other than guide animals have to stay outside.", "Can I take my dog to the office?",
             "I can take the minutes to the office by noon."),
            ("The premises are locked at 9 p.m.", "Until what time is the building open in the evening?",
             "What is open in the evening is up to the shops around the building at that time."),
            ("Credentials have to be renewed every ninety days.", "How often do I change my password?",
             "How often I change my mind, I do not know."),
        ),
        acronyms=(("OKR", "objectives and key results"), ("NDA", "non-disclosure agreement"),
                  ("WFB", "workplace feedback box"), ("GPL", "goods picking list"),
                  ("DRP", "disaster recovery procedure"), ("CSO", "chief security officer"),
                  ("VTR", "vehicle trip register"), ("LTD", "learning time deposit"),
                  ("SOW", "statement of work"), ("POC", "proof of concept"), ("HQS", "housing quota system"),
                  ("ETF", "equipment transfer form")),
        things=("television", "escalator", "typewriter", "lawnmower", "chandelier", "incubator", "barometer",
                "centrifuge", "loudspeaker", "wheelbarrow", "radiator", "periscope"),
        companies=("Quill", "Dorset", "Nakano", "Ferrer", "Polder", "Saxby"),
        phrases=(("blue", "folder", "method"), ("third", "floor", "truce"), ("slow", "lane", "queue"),
                 ("golden", "ticket", "draw"), ("broken", "seal", "protocol"), ("late", "train", "excuse"),
                 ("south", "bench", "duty"), ("paper", "boat", "contest"), ("sharp", "tool", "licence"),
                 ("empty", "chair", "custom"), ("cold", "start", "drill"), ("wet", "paint", "notice")),
        errors=("FLT-8830", "FLT-8803", "FLT-8380", "FLT-3880", "INF-0952", "INF-0925"),
        settings=("upload_chunk_bytes", "chunk_upload_limit", "upload_time_limit", "login_token_age",
                  "token_login_url", "max_token_age"),
        releases=("v5.0.2", "v5.0.20", "v5.2.0", "v0.5.2", "v6.1.4", "v6.4.1"),
        articles=("HB-1190-R", "HB-1190-S", "HB-1109-R", "MZ-5604-E", "MZ-5640-E", "MZ-5604-F"),
        year=2024, numbers=range(12, 99, 2),
    ),
}
# fmt: on

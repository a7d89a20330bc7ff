from osint.report.answer import Answer, answer_of

// Search in Russian.
//
// mdBook builds an English index, which drops every Cyrillic letter. This script stems Russian and English words, and builds
// the index again in the browser from the texts that the index holds. So «звонок» finds «звонков», without a server.
'use strict';

(function () {
    // The Snowball stemmer for Russian: https://snowballstem.org/algorithms/russian/stemmer.html
    const VOWEL = /[аеиоуыэюя]/;
    const PERFECTIVE_GERUND = /(?:(?<=[ая])(?:в|вши|вшись)|ив|ивши|ившись|ыв|ывши|ывшись)$/;
    const REFLEXIVE = /(?:ся|сь)$/;
    const ADJECTIVE =
        /(?:ее|ие|ые|ое|ими|ыми|ей|ий|ый|ой|ем|им|ым|ом|его|ого|ему|ому|их|ых|ую|юю|ая|яя|ою|ею)$/;
    const PARTICIPLE = /(?:(?<=[ая])(?:ем|нн|вш|ющ|щ)|ивш|ывш|ующ)$/;
    const VERB = new RegExp(
        '(?:(?<=[ая])(?:ла|на|ете|йте|ли|й|л|ем|н|ло|но|ет|ют|ны|ть|ешь|нно)'
        + '|ила|ыла|ена|ейте|уйте|ите|или|ыли|ей|уй|ил|ыл|им|ым|ен|ило|ыло|ено|ят|ует|уют|ит|ыт|ены|ить|ыть|ишь|ую|ю)$');
    const NOUN = new RegExp(
        '(?:а|ев|ов|ие|ье|е|иями|ями|ами|еи|ии|и|ией|ей|ой|ий|й|иям|ям|ием|ем|ам|ом|о|у|ах|иях|ях|ы|ь|ию|ью|ю|ия|ья|я)$');
    const DERIVATIONAL = /(?:ост|ость)$/;

    // Removes the longest ending of the list that is there. `rest` begins after the first vowel.
    function without(rest, ending) {
        return rest.replace(ending, '');
    }

    function russian(word) {
        const start = word.search(VOWEL) + 1;
        if (start === 0) {
            return word;
        }
        const head = word.slice(0, start);
        let rest = word.slice(start);
        // R2: after the second pair of a vowel and a consonant.
        const region = /^.*?[аеиоуыэюя][^аеиоуыэюя].*?[аеиоуыэюя][^аеиоуыэюя]/.exec(word);

        const gerund = without(rest, PERFECTIVE_GERUND);
        if (gerund !== rest) {
            rest = gerund;
        } else {
            rest = without(rest, REFLEXIVE);
            const adjective = without(rest, ADJECTIVE);
            if (adjective !== rest) {
                rest = without(adjective, PARTICIPLE);
            } else {
                const verb = without(rest, VERB);
                rest = verb !== rest ? verb : without(rest, NOUN);
            }
        }
        rest = without(rest, /и$/);
        const ending = DERIVATIONAL.exec(head + rest);
        if (ending && region && ending.index >= region[0].length) {
            rest = without(rest, DERIVATIONAL);
        }
        return head + rest.replace(/ейше?$/, '').replace(/нн$/, 'н').replace(/ь$/, '')
            // The vowel that comes and goes: звонок, звонка, звонков.
            .replace(/([бвгджзклмнпрстфхцчшщ])[ое]к$/, '$1к');
    }

    // Replaces the English words and index of elasticlunr by Russian ones.
    function install(elasticlunr) {
        const english = elasticlunr.stemmer;
        const stem = token => {
            const word = token.toLowerCase().replace(/ё/g, 'е').replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
            return /[а-я]/.test(word) ? russian(word) : english(word);
        };
        // mdBook compares the words of an excerpt with it.
        elasticlunr.stemmer = stem;
        elasticlunr.Pipeline.registerFunction(stem, 'stemmer-ru');
        // Splits at everything that is not a letter, a digit or an underscore.
        elasticlunr.tokenizer = text => String(text || '').toLowerCase().match(/[\p{L}\p{N}_]+/gu) || [];
        elasticlunr.Index.load = saved => {
            const index = new elasticlunr.Index();
            index.pipeline.add(stem);
            index.setRef(saved.ref);
            saved.fields.forEach(field => index.addField(field));
            Object.values(saved.documentStore.docs).forEach(page => index.addDoc(page));
            return index;
        };
        return elasticlunr;
    }

    // mdBook searches as soon as elasticlunr is there, so it is changed in the moment in which it appears.
    let library;
    Object.defineProperty(window, 'elasticlunr', {
        get: () => library,
        set: value => {
            library = install(value);
        },
    });

    // The words of the search bar.
    document.addEventListener('DOMContentLoaded', () => {
        const bar = document.getElementById('mdbook-searchbar');
        const header = document.getElementById('mdbook-searchresults-header');
        if (!bar || !header) {
            return;
        }
        bar.placeholder = 'Поиск в руководстве';
        const translate = () => {
            const found = /^(\d+|No) search results? for '([\s\S]*)'[:.]$/.exec(header.innerText);
            if (found) {
                header.innerText = found[1] === 'No'
                    ? `По запросу «${found[2]}» ничего не найдено.`
                    : `По запросу «${found[2]}» найдено: ${found[1]}`;
            }
        };
        translate();
        new MutationObserver(translate).observe(header, { childList: true, characterData: true, subtree: true });
    });
})();
